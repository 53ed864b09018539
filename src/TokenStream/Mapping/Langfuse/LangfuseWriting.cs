using TokenStream.Events;

namespace TokenStream.Mapping.Langfuse;

/// <summary>What was told of one generation on its way to be an event.</summary>
internal ref struct LangfuseWriting(LangfusePaths paths, LangfuseEntry entry, LangfuseEntry? trace, NativeEventWriter writer)
{
    private const int MicrosecondsPerMs = 1000;

    /// <summary>Writes the event, or says why there is none.</summary>
    public readonly MappingError Write(ReadOnlySpan<byte> defaultTenant, long receivedMs, ref MappedItem item)
    {
        var timeMs = (entry.EndUs ?? entry.TimestampUs) is { } us ? us / MicrosecondsPerMs : receivedMs;
        if (timeMs is < EventLimits.EarliestTimeMs or > EventLimits.LatestTimeMs)
        {
            return new MappingError(MappingReason.TimeUnusable, 0, "body.endTime");
        }

        writer.Plain("event_id"u8, entry.Id, "body.id");
        var timeFrom = entry.EndUs is not null ? "body.endTime" : entry.TimestampUs is not null ? "timestamp" : "the arrival";
        writer.Number("time"u8, timeMs, timeFrom);
        var (tenant, from) = First(paths.Tenant);
        item.IsTenantDefault = !tenant.IsThere;
        if (tenant.IsThere && !tenant.IsUsable)
        {
            return new MappingError(MappingReason.TextUnusable, 0, from);
        }

        writer.TenantId(tenant.IsThere ? tenant.Bytes : defaultTenant, tenant.IsThere ? from : "the default: no path has a value");
        Optional("app"u8, paths.App);
        Optional("feature"u8, paths.Feature);
        Optional("environment"u8, paths.Environment);
        Optional("user_id"u8, paths.User);
        Optional("session_id"u8, paths.Session);
        return WriteModel(ref item);
    }

    /// <summary>The first place that has a text, and its path.</summary>
    private readonly (KeptText Text, string Path) First(LangfusePlace[] places)
    {
        foreach (var place in places)
        {
            var text = place.IsOfTrace ? trace?[place.Slot] ?? default : entry[place.Slot];
            if (text.IsThere)
            {
                return (text, place.Path);
            }
        }

        return default;
    }

    private readonly void Optional(ReadOnlySpan<byte> field, LangfusePlace[] places)
    {
        var (text, path) = First(places);
        Optional(field, text, path);
    }

    private readonly void Optional(ReadOnlySpan<byte> field, KeptText text, string path) =>
        writer.Optional(field, text.Bytes, text.Value, path);

    /// <summary>Langfuse's bodies name no provider. What names no model either is counted, and nobody can price it.</summary>
    private readonly MappingError WriteModel(ref MappedItem item)
    {
        var requested = entry[LangfuseEntry.Requested];
        var model = entry[LangfuseEntry.Answered].IsThere ? entry[LangfuseEntry.Answered] : requested;
        if (model.IsThere && !model.IsUsable)
        {
            return new MappingError(MappingReason.TextUnusable, 0, "body.model");
        }

        var provider = ModelMakers.Of(model.Bytes, entry.Usage.Names);
        writer.Plain("provider"u8, provider, "the model's name");
        writer.Plain("model"u8, model.IsThere ? model.Bytes : "unknown"u8, model.IsThere ? "body.model" : "nothing: no event names one");
        Optional("model_requested"u8, requested, "body.model of the event that began it");
        return WriteUsage(provider, ref item);
    }

    private readonly MappingError WriteUsage(ReadOnlySpan<byte> provider, ref MappedItem item)
    {
        var told = entry.Usage;
        var isEmbedding = entry.IsEmbedding || entry[LangfuseEntry.Answered].Bytes.IndexOf("embedding"u8) >= 0;
        var convention = Conventions.OfLangfuseBatches.Of(in told, provider, isEmbedding, out var atBest);
        var reported = UsageMapConventions.Reported(in told, isEmbedding);
        var isApplied = convention.TryApply(in reported, out var usage);
        if (!isApplied || usage.TokensIn.OrZero > EventLimits.Count || usage.TokensOut.OrZero > EventLimits.Count)
        {
            return new MappingError(
                isApplied ? MappingReason.CountOutOfRange : MappingReason.ConventionContradicted, 0, "body.usageDetails");
        }

        usage.Standing = usage.Standing == Standing.Unknown ? Standing.Unknown : Convention.Later(usage.Standing, atBest);
        item.Standing = usage.Standing;
        const string from = "body.usageDetails, else body.usage";
        writer.Count("tokens_in"u8, usage.TokensIn, from);
        writer.Count("tokens_out"u8, usage.TokensOut, from);
        writer.Count("tokens_cached"u8, usage.Cached, from);
        writer.Count("tokens_cache_write_5m"u8, usage.CacheWrite5m, from);
        writer.Count("tokens_cache_write_1h"u8, usage.CacheWrite1h, from);
        writer.Count("tokens_reasoning"u8, usage.Reasoning, from);
        writer.Plain("usage_convention"u8, convention.Name(usage.Standing), convention.Grounds);
        if (!entry.IsError && !(usage.TokensIn.IsKnown && usage.TokensOut.IsKnown))
        {
            writer.Plain("completeness"u8, "estimated"u8, "the generation ended without usage, or with a part of it");
        }

        WriteRest();
        return default;
    }

    private readonly void WriteRest()
    {
        var status = entry[LangfuseEntry.Status].Bytes;
        var failure = LangfuseFailures.Of(status);
        writer.Plain("result_type"u8, !entry.IsError ? "ok"u8 : failure.IsTimeout ? "timeout"u8 : "error"u8, "body.level");
        if (entry.IsError && failure.Length > 0)
        {
            writer.Plain("error_type"u8, status.Slice(failure.Start, failure.Length), "body.statusMessage");
        }

        Optional("service_tier"u8, paths.Tier);
        Optional("request_id"u8, entry[LangfuseEntry.Trace], "body.traceId");
        if (entry.StartUs is { } startUs)
        {
            writer.Number("started_at"u8, startUs / MicrosecondsPerMs, "body.startTime");
            Span("latency_ms"u8, startUs, entry.EndUs, "body.endTime - body.startTime");
            Span("ttft_ms"u8, startUs, entry.FirstTokenUs, "body.completionStartTime - body.startTime");
        }

        if (entry.MaxTokens.IsKnown)
        {
            writer.Number("max_tokens"u8, entry.MaxTokens.OrZero, "body.modelParameters");
        }
    }

    /// <summary>Left out where a clock was set back in between.</summary>
    private readonly void Span(ReadOnlySpan<byte> field, long startUs, long? endUs, string from)
    {
        if (endUs >= startUs && (endUs - startUs) / MicrosecondsPerMs is { } ms and <= EventLimits.Count)
        {
            writer.Number(field, ms, from);
        }
    }
}
