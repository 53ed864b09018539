namespace TokenStream.Mapping;

/// <summary>Whether a total includes a part of it.</summary>
internal enum Includes
{
    Yes,
    No,
}

/// <summary>What a provider charges for writes to its cache.</summary>
internal enum CacheWrites
{
    /// <summary>One price, or none.</summary>
    OfOneKind,

    /// <summary>A price for each time to live, 5 minutes or an hour.</summary>
    ByLifetime,
}

/// <summary>Which zeros of a source say that the provider told nothing.</summary>
[Flags]
internal enum UnknownZeros
{
    None = 0,

    /// <summary>The source writes 0 reasoning tokens where there are no details.</summary>
    Reasoning = 1,

    /// <summary>The source writes 0 cache tokens where there are none reported; only the split by time to live proves a zero.</summary>
    CacheWithoutSplit = 2,

    /// <summary>The source writes 0 input and 0 output where an answer had no usage.</summary>
    TotalsWithoutDetails = 4,
}

/// <summary>What a source never tells, though the provider does.</summary>
[Flags]
internal enum Losses
{
    None = 0,

    /// <summary>What came from the provider's cache.</summary>
    CacheRead = 1,

    /// <summary>What was written to the provider's cache.</summary>
    CacheWrite = 2,

    /// <summary>Input of tools that the provider ran itself, which is missing in the total, too.</summary>
    ToolInput = 4,

    /// <summary>Reasoning and input of such tools, which only the total of input and output holds.</summary>
    RestOfTotal = 8,
}

/// <summary>How one emitter counts the tokens of one provider. What it says is a row of <see cref="Conventions"/>.</summary>
/// <param name="Emitter">Who wrote the payload, and the version from which on it counts so.</param>
/// <param name="Provider">The provider's name in the payload; empty for the emitter's default.</param>
/// <param name="Cache">Whether the input includes cache reads and writes.</param>
/// <param name="ToolInput">Whether the input includes that of the provider's own tools.</param>
/// <param name="Reasoning">Whether the output includes reasoning.</param>
/// <param name="Writes">Whether what a write to the cache costs depends on how long it lives.</param>
/// <param name="ProvenBy">The capture that shows it; empty for an assumption.</param>
internal sealed record Convention(
    string Emitter,
    string Provider,
    Includes Cache,
    Includes ToolInput,
    Includes Reasoning,
    CacheWrites Writes,
    UnknownZeros Zeros,
    string ProvenBy)
{
    private readonly byte[][] _names = [.. Enumerable.Range(0, Standings.Count)
        .Select(standing => $"{Emitter} {(Provider.Length > 0 ? Provider : "other")} {((Standing)standing).Name()}")
        .Select(System.Text.Encoding.UTF8.GetBytes)];

    public bool IsProven => ProvenBy.Length > 0;

    /// <summary>The same way of counting by another emitter, under its name.</summary>
    public Convention By(string emitter) =>
        new(emitter, Provider, Cache, ToolInput, Reasoning, Writes, Zeros, ProvenBy) { Lost = Lost, CachesFrom = CachesFrom };

    /// <summary>What the source never tells.</summary>
    public Losses Lost { get; init; }

    /// <summary>The shortest input that the provider keeps in its cache: below it nothing can be lost.</summary>
    public long CachesFrom { get; init; }

    /// <summary>What it rests on, for people.</summary>
    public string Grounds { get; } = ProvenBy.Length > 0 ? $"shown by {ProvenBy}" : "the default, which no capture shows";

    /// <summary>The event's <c>usage_convention</c>: emitter, provider and standing.</summary>
    public ReadOnlySpan<byte> Name(Standing standing) => _names[(int)standing];

    /// <summary>
    /// Turns what was reported into inclusive totals and their parts; false where the parts exceed a total, so that the convention cannot
    /// be the right one. Nothing is clamped.
    /// </summary>
    public bool TryApply(in ReportedUsage reported, out MappedUsage usage)
    {
        usage = new MappedUsage { Standing = IsProven ? Standing.Exact : Standing.Assumed };
        if (IsUnknown(in reported))
        {
            usage.Standing = Standing.Unknown;
            return true;
        }

        var (read, written) = (reported.CacheRead, Written(in reported, ref usage));
        if (Has(UnknownZeros.CacheWithoutSplit) && !reported.CacheWrite5m.IsKnown && !reported.CacheWrite1h.IsKnown)
        {
            (read, usage.CacheWrite5m) = (read.UnlessZero(), usage.CacheWrite5m.UnlessZero());
        }

        usage.Cached = read;
        JudgeLosses(in reported, written, ref usage);
        usage.Reasoning = Has(UnknownZeros.Reasoning) ? reported.Reasoning.UnlessZero() : reported.Reasoning;
        return TryTotals(in reported, read.OrZero + written, ref usage)
            && read.OrZero + written <= usage.TokensIn.OrZero && usage.Reasoning.OrZero <= usage.TokensOut.OrZero;
    }

    private bool Has(UnknownZeros zeros) => (Zeros & zeros) != 0;

    private bool IsUnknown(in ReportedUsage reported) =>
        reported.IsEmpty || (Has(UnknownZeros.TotalsWithoutDetails) && !reported.HasInputDetails
            && reported.Input.OrZero == 0 && reported.Output.OrZero == 0);

    /// <summary>How sure the counts are beside what the source never tells.</summary>
    private void JudgeLosses(in ReportedUsage reported, long written, ref MappedUsage usage)
    {
        var fresh = reported.Input.OrZero - reported.CacheRead.OrZero - written;
        var bound = Loses(Losses.ToolInput) && !reported.ToolInput.IsKnown ? Standing.BoundToolInput
            : reported.IsNeverCached ? Standing.Exact
            : Loses(Losses.CacheRead) && !reported.CacheRead.IsKnown && fresh >= CachesFrom ? Standing.BoundCached
            : Loses(Losses.CacheWrite) && written == 0 && fresh >= CachesFrom ? Standing.BoundCacheWrite
            : Standing.Exact;
        usage.Standing = Later(usage.Standing, bound);
    }

    private bool Loses(Losses loss) => (Lost & loss) != 0;

    /// <summary>
    /// The tokens written to the cache. What the split by time to live leaves over is booked at the shorter time, and flagged.
    /// </summary>
    private long Written(in ReportedUsage reported, ref MappedUsage usage)
    {
        (usage.CacheWrite5m, usage.CacheWrite1h) = (reported.CacheWrite5m, reported.CacheWrite1h);
        var split = reported.CacheWrite5m.OrZero + reported.CacheWrite1h.OrZero;
        var left = reported.CacheWrite.OrZero - split;
        if (reported.CacheWrite.IsKnown && left >= 0)
        {
            usage.CacheWrite5m = TokenCount.Of(reported.CacheWrite5m.OrZero + left);
            var isBound = left > 0 && Writes == CacheWrites.ByLifetime;
            usage.Standing = isBound ? Later(usage.Standing, Standing.BoundCacheWrite) : usage.Standing;
        }

        return usage.CacheWrite5m.OrZero + usage.CacheWrite1h.OrZero;
    }

    /// <summary>
    /// The inclusive totals. Where the source gives a total of both that its convention misses and the opposite one meets, the opposite one
    /// is what this payload does.
    /// </summary>
    private bool TryTotals(in ReportedUsage reported, long cache, ref MappedUsage usage)
    {
        var tool = ToolInput == Includes.No ? reported.ToolInput.OrZero : 0;
        var added = Cache == Includes.No ? cache : 0;
        var (input, output) = (reported.Input, reported.Output);
        var thought = Reasoning == Includes.No ? reported.Reasoning.OrZero : 0;
        if (reported.Total.IsKnown && (input.IsKnown != output.IsKnown))
        {
            // One side left out is what the total leaves over; a source leaves out what is zero.
            var left = reported.Total.OrZero - input.OrZero - output.OrZero - added - tool - thought;
            if (left < 0)
            {
                return false;
            }

            (input, output) = (input.Or(TokenCount.Of(left)), output.Or(TokenCount.Of(left)));
            usage.IsOutputAtMost = left > 0 && Loses(Losses.RestOfTotal) && !reported.Output.IsKnown;
        }

        var rest = reported.Total.OrZero - input.OrZero - output.OrZero;
        if (Loses(Losses.RestOfTotal) && reported.Total.IsKnown && rest > 0 && rest != reported.Reasoning.OrZero)
        {
            output = TokenCount.Of(output.OrZero + rest);
            usage.IsOutputAtMost = true;
        }

        usage.Standing = usage.IsOutputAtMost ? Later(usage.Standing, Standing.BoundOutput) : usage.Standing;

        var sum = input.OrZero + output.OrZero;
        if (reported.Total.IsKnown && sum + added + tool + thought != reported.Total.OrZero)
        {
            usage.Standing = Later(usage.Standing, Standing.Assumed);
            var rests = reported.Total.OrZero - sum - tool;
            var (otherAdded, otherThought) = (cache - added, reported.Reasoning.OrZero - thought);

            // A total that leaves the cache, or reasoning, out of all that it counts says nothing of either.
            var isCacheOther = cache <= input.OrZero + tool + otherAdded;
            var isThoughtOther = reported.Reasoning.OrZero <= output.OrZero + otherThought;
            (added, thought) = isCacheOther && otherAdded + thought == rests ? (otherAdded, thought)
                : isThoughtOther && added + otherThought == rests ? (added, otherThought)
                : isCacheOther && isThoughtOther && otherAdded + otherThought == rests ? (otherAdded, otherThought)
                : (added, thought);
        }

        usage.TokensIn = input.IsKnown ? TokenCount.Of(input.OrZero + added + tool) : default;
        usage.TokensOut = output.IsKnown ? TokenCount.Of(output.OrZero + thought) : default;
        return true;
    }

    /// <summary>The less sure of two standings.</summary>
    public static Standing Later(Standing one, Standing other) => one > other ? one : other;
}
