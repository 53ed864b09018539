using System.Buffers.Text;
using TokenStream.Events;

namespace TokenStream.Mapping.LiteLlm;

/// <summary>One payload of LiteLLM on its way to be an event.</summary>
internal ref struct LiteLlmReading(
    ReadOnlySpan<byte> payload, LiteLlmPaths paths, JsonPathReader values, NativeEventWriter writer, int start)
{
    private const int MicrosecondsPerMs = 1000;

    private readonly ReadOnlySpan<byte> _payload = payload;
    private MappingError _error;
    private long _startUs;
    private long _endUs;
    private LiteLlmResult _result;

    /// <summary>Writes the event, or says why there is none.</summary>
    public MappingError Map(ReadOnlySpan<byte> item, ref MappedItem mapped)
    {
        if (!IsOfLiteLlm())
        {
            return new MappingError(MappingReason.NotOfThisSource, start, "");
        }

        _result = LiteLlmResults.Of(_payload, paths, values);
        var convention = Conventions.OfLiteLlm.Of(Bytes(paths.Provider));
        var isWritten = TryTimes() && TryIdentity(item) && TryAttribution(ref mapped) && TryModel() && TryUsage(convention, ref mapped);
        return isWritten ? Finish() : _error;
    }

    /// <summary>Several fields together: a status, both times, and what LiteLLM calls a call.</summary>
    private readonly bool IsOfLiteLlm() =>
        values[paths.Status].IsText && values[paths.Start].IsThere && values[paths.End].IsThere
        && (values[paths.CallType].Kind != JsonKind.Absent || values[paths.CallId].IsText);

    private readonly ReadOnlySpan<byte> Bytes(int node) => values[node].Kind == JsonKind.Text ? values[node].Of(_payload) : default;

    private bool Refuse(MappingReason reason, int node)
    {
        _error = new MappingError(reason, values[node].Kind == JsonKind.Absent ? start : values[node].Offset, paths.Names.Path(node));
        return false;
    }

    private bool TryTimes()
    {
        if (!EpochTime.TryRead(_payload, in values[paths.End], out _endUs))
        {
            return Refuse(MappingReason.TimeUnusable, paths.End);
        }

        return EpochTime.TryRead(_payload, in values[paths.Start], out _startUs) || Refuse(MappingReason.TimeUnusable, paths.Start);
    }

    /// <summary>
    /// The call's id names the request, not the try: a failed try and the one that succeeds share it. So a try that failed is told apart by
    /// when it began.
    /// </summary>
    private bool TryIdentity(ReadOnlySpan<byte> item)
    {
        var node = values[paths.CallId].IsText ? paths.CallId : paths.Id;
        ref readonly var id = ref values[node];
        Span<byte> began = stackalloc byte[24];
        began[0] = (byte)'~';
        Utf8Formatter.TryFormat(_startUs, began[1..], out var digits);
        var suffix = _result.IsServed ? default : began[..(digits + 1)];
        if (!id.IsText)
        {
            Span<byte> hash = stackalloc byte[16];
            Utf8Formatter.TryFormat(StableHash.Hash(item), hash, out _, new System.Buffers.StandardFormat('x', 16));
            writer.Plain("event_id"u8, hash, "a hash of the payload, which has no id");
        }
        else if (id.Length + suffix.Length > EventLimits.TextBytes || !NativeEventWriter.IsUsable(_payload, in id))
        {
            return Refuse(MappingReason.TextUnusable, node);
        }
        else
        {
            writer.Plain("event_id"u8, id.Of(_payload), paths.Names.Path(node), suffix);
        }

        writer.Number("time"u8, _endUs / MicrosecondsPerMs, paths.Names.Path(paths.End));
        return true;
    }

    private bool TryAttribution(ref MappedItem mapped) =>
        paths.Attribution.TryWrite(writer, _payload, values, ref mapped, out var refused) || Refuse(MappingReason.TextUnusable, refused);

    /// <summary>A request that failed before it was routed has no provider, and sometimes no model.</summary>
    private bool TryModel()
    {
        ref readonly var provider = ref values[paths.Provider];
        var node = values[paths.ResponseModel].IsText ? paths.ResponseModel : paths.Model;
        if (!values[node].IsText && _result.IsServed)
        {
            return Refuse(MappingReason.MissingField, node);
        }

        if (!NativeEventWriter.IsUsable(_payload, in provider) || !NativeEventWriter.IsUsable(_payload, in values[node]))
        {
            return Refuse(MappingReason.TextUnusable, NativeEventWriter.IsUsable(_payload, in provider) ? node : paths.Provider);
        }

        writer.Plain("provider"u8, provider.IsText ? Bytes(paths.Provider) : "unknown"u8, paths.Names.Path(paths.Provider));
        var model = values[node].IsText ? WithoutRoute(Bytes(node), Bytes(paths.Provider)) : "unknown"u8;
        writer.Plain("model"u8, model, paths.Names.Path(node));
        var requested = values[paths.ModelGroup].IsText ? paths.ModelGroup : paths.Model;
        writer.Optional("model_requested"u8, _payload, in values[requested], paths.Names.Path(requested));
        return true;
    }

    /// <summary>
    /// LiteLLM writes models with the way to them: <c>openai/gpt-5</c>, <c>bedrock/converse/us.amazon.nova-lite-v1:0</c>; the way may be
    /// the beginning of the provider's name, <c>bedrock</c> of <c>bedrock_converse</c>.
    /// </summary>
    private static ReadOnlySpan<byte> WithoutRoute(ReadOnlySpan<byte> model, ReadOnlySpan<byte> provider)
    {
        var slash = model.IndexOf((byte)'/');
        if (slash > 0 && model.Length > slash + 1 && provider.StartsWith(model[..slash])
            && (provider.Length == slash || provider[slash] == '_'))
        {
            model = model[(slash + 1)..];
        }

        return Without(Without(model, "converse/"u8), "invoke/"u8);
    }

    private static ReadOnlySpan<byte> Without(ReadOnlySpan<byte> model, ReadOnlySpan<byte> way) =>
        model.StartsWith(way) && model.Length > way.Length ? model[way.Length..] : model;

    private bool TryUsage(Convention convention, ref MappedItem mapped)
    {
        ReportedUsage reported = default;
        TokenCount searches = default;
        var isOfResponses = values[paths.InputDetailsOfResponses].Kind == JsonKind.Object;
        if (!TryCount(isOfResponses ? paths.InputOfResponses : paths.Input, ref reported.Input)
            || !TryCount(isOfResponses ? paths.OutputOfResponses : paths.Output, ref reported.Output)
            || !TryCount(paths.Total, ref reported.Total)
            || !TryCount(paths.CacheRead, ref reported.CacheRead) || !TryCount(paths.CacheWrite, ref reported.CacheWrite)
            || !TryCount(paths.CacheWrite5m, ref reported.CacheWrite5m) || !TryCount(paths.CacheWrite1h, ref reported.CacheWrite1h)
            || !TryCount(paths.Reasoning, ref reported.Reasoning) || !TryCount(paths.Searches, ref searches))
        {
            return false;
        }

        reported.HasInputDetails = isOfResponses || values[paths.Details].Kind == JsonKind.Object;
        if (!convention.TryApply(in reported, out var usage))
        {
            // Versions that do not tell lifetimes yet wrote what Anthropic calls input, which is without its cache.
            convention = Conventions.OfFormerLiteLlm;
            if (reported.CacheWrite5m.IsKnown || reported.CacheWrite1h.IsKnown || !convention.TryApply(in reported, out usage))
            {
                return Refuse(MappingReason.ConventionContradicted, paths.Input[0]);
            }
        }

        Judge(ref usage, in reported);
        mapped.Standing = usage.Standing;
        Write(in usage, convention);
        writer.Unit("web_searches"u8, searches, paths.Names.Path(paths.Searches[0]));
        return true;
    }

    private bool TryCount(int[] candidates, ref TokenCount count)
    {
        foreach (var node in candidates)
        {
            var reason = TokenCount.Read(in values[node], out count);
            if (reason != MappingReason.None)
            {
                return Refuse(reason, node);
            }

            if (count.IsKnown)
            {
                break;
            }
        }

        return true;
    }

    /// <summary>What the numbers cannot be trusted in, whatever the provider.</summary>
    private readonly void Judge(ref MappedUsage usage, in ReportedUsage reported)
    {
        if (!_result.IsServed || _result.IsMock || usage.Standing == Standing.Unknown)
        {
            // Zeros of a failure, counts of a stand-in: nothing that a provider told.
            usage = new MappedUsage { Standing = _result.IsMock ? Standing.Mock : Standing.Unknown };
        }
        else if (_result.IsCountedByItself)
        {
            // A stream that the client left: the provider never told its usage, so that a zero is nobody's count.
            (usage.Cached, usage.Reasoning) = (usage.Cached.UnlessZero(), usage.Reasoning.UnlessZero());
            (usage.CacheWrite5m, usage.CacheWrite1h) = (usage.CacheWrite5m.UnlessZero(), usage.CacheWrite1h.UnlessZero());
            usage.Standing = Standing.Counted;
        }
        else if ((_result.IsCacheHit && !reported.HasInputDetails) || values[paths.ProviderUsage].Kind != JsonKind.Object)
        {
            // A stored stream is answered without the details that its first answer had; and the totals alone never had any.
            usage.Standing = Convention.Later(usage.Standing, Standing.BoundCached);
        }
    }

    private readonly void Write(in MappedUsage usage, Convention convention)
    {
        writer.Count("tokens_in"u8, usage.TokensIn, paths.Names.Path(paths.Input[0]));
        writer.Count("tokens_out"u8, usage.TokensOut, paths.Names.Path(paths.Output[0]));
        writer.Count("tokens_cached"u8, usage.Cached, paths.Names.Path(paths.CacheRead[0]));
        writer.Count("tokens_cache_write_5m"u8, usage.CacheWrite5m, paths.Names.Path(paths.CacheWrite[0]));
        writer.Count("tokens_cache_write_1h"u8, usage.CacheWrite1h, paths.Names.Path(paths.CacheWrite1h[0]));
        writer.Count("tokens_reasoning"u8, usage.Reasoning, paths.Names.Path(paths.Reasoning[0]));
        writer.Plain("usage_convention"u8, convention.Name(usage.Standing), convention.Grounds);
        var isWhole = usage.TokensIn.IsKnown && usage.TokensOut.IsKnown;
        if (usage.Standing is Standing.Counted or Standing.Mock || (_result.IsServed && !isWhole))
        {
            writer.Plain("completeness"u8, "estimated"u8, "the provider told no usage, or a part of it");
        }
    }

    /// <summary>Everything that is optional.</summary>
    private readonly MappingError Finish()
    {
        writer.Plain("result_type"u8, _result.Name, _result.Why);
        if (_result.IsCacheHit)
        {
            writer.Plain("cache_status"u8, "exact"u8, paths.Names.Path(paths.CacheHit));
        }

        Optional("error_type"u8, _result.IsServed ? 0 : paths.ErrorClass);
        Optional("service_tier"u8, values.FirstWithValue(paths.Tier));
        Optional("region"u8, paths.Region);
        Optional("request_id"u8, paths.Id);
        Optional("api_key_id"u8, paths.ApiKey);
        writer.Number("started_at"u8, _startUs / MicrosecondsPerMs, paths.Names.Path(paths.Start));
        WriteLatency();
        WriteAttempt();
        if (TokenCount.Read(in values[paths.MaxTokens], out var most) == MappingReason.None && most.IsKnown)
        {
            writer.Number("max_tokens"u8, most.OrZero, paths.Names.Path(paths.MaxTokens));
        }

        return default;
    }

    /// <summary>A count that is none leaves the try unknown: it is no reason to lose a request.</summary>
    private readonly void WriteAttempt()
    {
        _ = TokenCount.Read(in values[paths.Retries], out var retries);
        _ = TokenCount.Read(in values[paths.Fallbacks], out var fallbacks);
        var attempt = retries.OrZero + fallbacks.OrZero + 1;
        if ((retries.IsKnown || fallbacks.IsKnown) && attempt <= EventLimits.Count)
        {
            writer.Number("attempt"u8, attempt, "1 + attempted retries and fallbacks");
        }
    }

    private readonly void Optional(ReadOnlySpan<byte> field, int node)
    {
        if (node != 0)
        {
            writer.Optional(field, _payload, in values[node], paths.Names.Path(node));
        }
    }

    /// <summary>Left out where the clock was set back in between. A first token is one only of a stream.</summary>
    private readonly void WriteLatency()
    {
        if (_endUs >= _startUs && (_endUs - _startUs) / MicrosecondsPerMs <= EventLimits.Count)
        {
            writer.Number("latency_ms"u8, (_endUs - _startUs) / MicrosecondsPerMs, "endTime - startTime");
        }

        if (values[paths.Stream].Kind == JsonKind.True && EpochTime.TryRead(_payload, in values[paths.FirstToken], out var firstUs)
            && firstUs >= _startUs && firstUs <= _endUs && (firstUs - _startUs) / MicrosecondsPerMs <= EventLimits.Count)
        {
            writer.Number("ttft_ms"u8, (firstUs - _startUs) / MicrosecondsPerMs, "completionStartTime - startTime");
        }
    }
}
