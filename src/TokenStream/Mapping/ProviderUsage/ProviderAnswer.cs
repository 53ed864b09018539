using System.Text;
using TokenStream.Events;

namespace TokenStream.Mapping.ProviderUsage;

/// <summary>
/// What one answer said, piece by piece: of each count the last that was told, since the pieces of a stream repeat and raise them.
/// </summary>
internal sealed class ProviderAnswer(ProviderPaths paths, JsonPathReader values)
{
    /// <summary>Levels that are open around an entry of the list of cache writes.</summary>
    private const int DetailDepth = 3;

    private readonly JsonPaths _detailNames = new();
    private (JsonPathReader Values, int Lifetime, int Tokens)? _details;

    public ProviderShape Shape { get; private set; }

    /// <summary>Whether the answer, or its stream, came to its end.</summary>
    public bool IsEnded { get; private set; }

    public bool IsError { get; private set; }

    public bool IsCancelled { get; private set; }

    public ReportedUsage Usage => _usage;

    /// <summary>Where the counts stood.</summary>
    public UsagePaths? Counted { get; private set; }

    public TokenCount Searches => _searches;

    public TokenCount LatencyMs => _latency;

    public JsonValue Id { get; private set; }

    public JsonValue Model { get; private set; }

    public JsonValue Tier { get; private set; }

    public JsonValue Region { get; private set; }

    public JsonValue ErrorType { get; private set; }

    private ReportedUsage _usage;
    private TokenCount _searches;
    private TokenCount _latency;

    public void Clear()
    {
        (Shape, IsEnded, IsError, IsCancelled, Counted) = (ProviderShape.None, false, false, false, null);
        (_usage, _searches, _latency) = (default, default, default);
        (Id, Model, Tier, Region, ErrorType) = (default, default, default, default, default);
    }

    public void End() => IsEnded = true;

    /// <summary>Forgets what was read: the provider that was asked did not answer, or nobody can read how.</summary>
    public void Fail(ProviderShape asked)
    {
        Clear();
        (Shape, IsError, IsEnded) = (asked, true, true);
    }

    /// <summary>Takes the piece that the values were read from.</summary>
    public MappingError Take(ReadOnlySpan<byte> payload, string path)
    {
        var shape = ProviderShapes.Of(payload, paths, values);
        if (shape == ProviderShape.None && ProviderShapes.OfError(payload, paths, values, path) is var failed and not ProviderShape.None)
        {
            IsError = true;
            (shape, ErrorType) = (failed, Last(ErrorType, [paths.ErrorType, paths.ErrorStatus]));
        }

        Shape = Shape == ProviderShape.None ? shape : Shape;
        (Id, Model) = (Last(Id, paths.Id), Last(Model, paths.Model));
        (Tier, Region) = (Last(Tier, paths.Tier), Last(Region, paths.Region));
        TakeEnd(payload);
        foreach (var usage in paths.Usages)
        {
            // What Anthropic's stream begins with counts no output yet.
            var error = Take(usage, isBeginning: usage == paths.Usages[^1]);
            if (error.Reason != MappingReason.None)
            {
                return error;
            }
        }

        var rest = Take(paths.Gemini, isBeginning: false);
        rest = rest.Reason == MappingReason.None ? Read([paths.Latency], ref _latency) : rest;
        return rest.Reason == MappingReason.None ? TakeCacheDetails(payload) : rest;
    }

    /// <summary>
    /// What was used, by the provider's convention, or by that of its shape where another one serves; false where the counts contradict it.
    /// </summary>
    public bool TryUsage(string provider, out Convention convention, out MappedUsage usage)
    {
        var shape = Shape.Provider();
        var isOther = provider.Length > 0 && !shape.SequenceEqual(Encoding.UTF8.GetBytes(provider));
        convention = Conventions.OfProviders.Of(isOther && shape.SequenceEqual("openai"u8) ? default : shape);
        if (!convention.TryApply(in _usage, out usage))
        {
            return false;
        }

        usage.Standing = isOther ? Convention.Later(usage.Standing, Standing.Assumed) : usage.Standing;
        usage.Standing = !IsEnded && usage.Standing != Standing.Unknown ? Standing.Cut : usage.Standing;
        return true;
    }

    private void TakeEnd(ReadOnlySpan<byte> payload)
    {
        var type = values[paths.Type].Of(payload);
        IsEnded |= type.SequenceEqual("message_stop"u8) || type.SequenceEqual("response.completed"u8)
            || type.SequenceEqual("response.incomplete"u8) || type.SequenceEqual("response.failed"u8)
            || values.FirstWithValue(paths.EndReason) != 0;
        IsError |= values[paths.Status].Is(payload, "failed"u8) || values[paths.ResponseStatus].Is(payload, "failed"u8);
        IsCancelled |= values[paths.Status].Is(payload, "cancelled"u8) || values[paths.ResponseStatus].Is(payload, "cancelled"u8);
    }

    private JsonValue Last(JsonValue before, int[] candidates)
    {
        var node = values.FirstWithValue(candidates);
        return node != 0 && values[node].IsText ? values[node] : before;
    }

    private MappingError Take(UsagePaths usage, bool isBeginning)
    {
        var output = _usage.Output;
        ReadOnlySpan<MappingError> errors =
        [
            Read(usage.Input, ref _usage.Input), Read(usage.Output, ref _usage.Output), Read(usage.Total, ref _usage.Total),
            Read(usage.CacheRead, ref _usage.CacheRead), Read(usage.CacheWrite, ref _usage.CacheWrite),
            Read(usage.CacheWrite5m, ref _usage.CacheWrite5m), Read(usage.CacheWrite1h, ref _usage.CacheWrite1h),
            Read(usage.Reasoning, ref _usage.Reasoning), Read(usage.ToolInput, ref _usage.ToolInput), Read(usage.Searches, ref _searches),
        ];
        _usage.Output = isBeginning ? output : _usage.Output;
        foreach (var error in errors)
        {
            if (error.Reason != MappingReason.None)
            {
                return error;
            }
        }

        var isCounted = values.FirstWithValue(usage.Input) != 0 || values.FirstWithValue(usage.Output) != 0;
        Counted = isCounted ? usage : Counted;
        return default;
    }

    private MappingError Read(int[] candidates, ref TokenCount count)
    {
        foreach (var node in candidates)
        {
            var reason = TokenCount.Read(in values[node], out var told);
            if (reason != MappingReason.None)
            {
                return new MappingError(reason, values[node].Offset, paths.Names.Path(node));
            }

            if (told.IsKnown)
            {
                count = told;
                break;
            }
        }

        return default;
    }

    /// <summary>Bedrock lists what was written to the cache by its time to live.</summary>
    private MappingError TakeCacheDetails(ReadOnlySpan<byte> payload)
    {
        ref readonly var list = ref values[paths.CacheDetails];
        if (list.Kind != JsonKind.Array)
        {
            return default;
        }

        var (details, lifetime, tokens) = _details ??= NewDetails();
        var scanner = new JsonScanner(payload[..(list.Offset + list.Length)]) { At = list.Offset + 1 };
        while (scanner.Peek() != ']')
        {
            if (!details.TryRead(ref scanner, DetailDepth, out _))
            {
                return new MappingError(MappingReason.TooDeep, scanner.At, paths.Names.Path(paths.CacheDetails));
            }

            var reason = TokenCount.Read(in details[tokens], out var count);
            if (reason != MappingReason.None)
            {
                return new MappingError(reason, details[tokens].Offset, paths.Names.Path(paths.CacheDetails));
            }

            if (details[lifetime].Is(payload, "1h"u8))
            {
                _usage.CacheWrite1h = count;
            }
            else if (details[lifetime].Is(payload, "5m"u8))
            {
                _usage.CacheWrite5m = count;
            }

            scanner.At += scanner.Peek() == ',' ? 1 : 0;
        }

        return default;
    }

    private (JsonPathReader Values, int Lifetime, int Tokens) NewDetails()
    {
        var (lifetime, tokens) = (_detailNames.Add("ttl"), _detailNames.Add("inputTokens"));
        return (new JsonPathReader(_detailNames), lifetime, tokens);
    }
}
