using System.Text;

namespace TokenStream.Mapping.Otlp;

/// <summary>What an emitter of spans does beside counting.</summary>
[Flags]
internal enum OtlpHabits
{
    None = 0,

    /// <summary>A provider's client library speaks for itself, so that instrumentation around it tells of the same request.</summary>
    IsClientLibrary = 1,

    /// <summary>A stream that ended has a finish reason, so that one without was left.</summary>
    TellsEndOfStream = 2,

    /// <summary>A count of zero is left out where the other one is there.</summary>
    LeavesOutZeros = 4,

    /// <summary>The output of a stream is the final count and that of its first message, which is 1 almost always.</summary>
    StreamedOutputIsOneTooHigh = 8,

    /// <summary>Embeddings have 0 tokens of cache, which no provider reports.</summary>
    InventsCacheOfEmbeddings = 16,

    /// <summary>Its span lies around that of one request, whatever the two say of what was used.</summary>
    IsAroundRequests = 32,

    /// <summary>The tries of one request are spans side by side, of which the last one may succeed.</summary>
    TriesAreSiblings = 64,

    /// <summary>It writes onto spans that others began, so that their scope is not its own.</summary>
    UsesSpansOfOthers = 128,

    /// <summary>It quotes the provider's answer member by member.</summary>
    QuotesAnswers = 256,
}

/// <summary>Who writes spans, as known by its instrumentation scope.</summary>
/// <param name="Scope">The scope's name; with an asterisk at its end what it begins with.</param>
/// <param name="Name">What it is called in a <c>usage_convention</c>.</param>
/// <param name="From">The first version whose counts a capture shows; earlier ones are assumed to count alike. Empty for any.</param>
internal sealed record OtlpEmitter(string Scope, string Name, string From, OtlpHabits Habits, ConventionTable Conventions)
{
    private readonly byte[] _scope = Encoding.UTF8.GetBytes(Scope.TrimEnd('*'));
    private readonly bool _isPrefix = Scope.EndsWith('*');
    public byte[] NameBytes { get; } = Encoding.UTF8.GetBytes(Name);

    private readonly byte[] _from = Encoding.UTF8.GetBytes(From);

    /// <summary>Attributes of its own, one of which a span has, where somebody else uses the scope's name, too; else empty.</summary>
    public string[] Markers { get; init; } = [];

    /// <summary>Its default where the parts exceed the total: it leaves the cache out, as Bedrock and Anthropic do themselves.</summary>
    public Convention Exclusive { get; } = Conventions.Rows[^1] with { Cache = Includes.No };

    /// <summary>Its default where reasoning exceeds the output: it leaves it out, as Gemini does itself.</summary>
    public Convention WithoutReasoning { get; } = Conventions.Rows[^1] with { Reasoning = Includes.No };

    /// <summary>Its default where both do.</summary>
    public Convention WithoutBoth { get; } = Conventions.Rows[^1] with { Cache = Includes.No, Reasoning = Includes.No };

    /// <summary>Its default for Gemini, whose total has reasoning and input of tools that nobody else names.</summary>
    public Convention OfGemini { get; } = Conventions.Rows[^1] with { Lost = Losses.RestOfTotal };

    public bool IsScope(ReadOnlySpan<byte> name) => _isPrefix ? name.StartsWith(_scope) : name.SequenceEqual(_scope);

    public bool Has(OtlpHabits habit) => (Habits & habit) != 0;

    /// <summary>Whether a version is at least the one that a capture shows; one that is not told is taken to be.</summary>
    public bool IsShown(ReadOnlySpan<byte> version) => version.IsEmpty || Compare(version, _from) >= 0;

    /// <summary>Compares the numbers of two versions, one after another; letters end the comparison.</summary>
    private static int Compare(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        while (!one.IsEmpty && !other.IsEmpty)
        {
            var (left, right) = (Number(ref one), Number(ref other));
            if (left != right)
            {
                return left.CompareTo(right);
            }
        }

        return 0;
    }

    private static int Number(ref ReadOnlySpan<byte> version)
    {
        var (number, at) = (0, 0);
        for (; at < version.Length && version[at] is >= (byte)'0' and <= (byte)'9' && number < 100_000; at++)
        {
            number = (number * 10) + (version[at] - '0');
        }

        version = at > 0 && at < version.Length && version[at] == '.' ? version[(at + 1)..] : default;
        return number;
    }
}
