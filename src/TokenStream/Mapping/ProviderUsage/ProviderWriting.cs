using System.Buffers.Text;
using System.Text.Json;
using TokenStream.Events;

namespace TokenStream.Mapping.ProviderUsage;

/// <summary>One provider's answer on its way to be an event.</summary>
internal readonly ref struct ProviderWriting(
    ReadOnlySpan<byte> payload, ProviderPaths paths, ProviderAnswer answer, ProviderContext context, NativeEventWriter writer)
{
    private const string FromContext = "the request";

    private readonly ReadOnlySpan<byte> _payload = payload;

    /// <summary>Writes the event, or says why there is none.</summary>
    public MappingError Write(ref MappedItem item)
    {
        if (context.TimeMs is < EventLimits.EarliestTimeMs or > EventLimits.LatestTimeMs)
        {
            return new MappingError(MappingReason.TimeUnusable, 0, FromContext);
        }

        var error = WriteIdentity(ref item);
        error = error.Reason == MappingReason.None ? WriteModel() : error;
        error = error.Reason == MappingReason.None ? WriteUsage(ref item) : error;
        if (error.Reason == MappingReason.None)
        {
            WriteRest();
        }

        return error;
    }

    private MappingError WriteIdentity(ref MappedItem item)
    {
        var id = answer.Id;
        if (id.IsText && !NativeEventWriter.IsUsable(_payload, in id))
        {
            return new MappingError(MappingReason.TextUnusable, id.Offset, "id");
        }

        if (id.IsText)
        {
            writer.Plain("event_id"u8, id.Of(_payload), "the answer's id");
        }
        else if (!TryContext("event_id"u8, context.RequestId))
        {
            Span<byte> hash = stackalloc byte[16];
            var seed = StableHash.Hash(System.Text.Encoding.UTF8.GetBytes($"{context.TimeMs} {context.Path} {context.Model}"));
            Utf8Formatter.TryFormat(StableHash.Hash(seed, _payload), hash, out _, new System.Buffers.StandardFormat('x', 16));
            writer.Plain("event_id"u8, hash, "a hash of time, path, model and answer, which have no id");
        }

        writer.Number("time"u8, context.TimeMs, FromContext);
        item.IsTenantDefault = !TryEncode(context.Tenant, out var tenant);
        writer.TenantId(
            item.IsTenantDefault ? JsonEncodedText.Encode(context.DefaultTenant).EncodedUtf8Bytes : tenant,
            item.IsTenantDefault ? "the default: the request names none" : FromContext);

        TryContext("app"u8, context.App);
        TryContext("feature"u8, context.Feature);
        TryContext("environment"u8, context.Environment);
        TryContext("user_id"u8, context.User);
        TryContext("session_id"u8, context.Session);
        return default;
    }

    private MappingError WriteModel()
    {
        if (!TryContext("provider"u8, context.Provider))
        {
            var isByModel = Served.Length > 0;
            writer.Plain(
                "provider"u8, isByModel ? Maker : answer.Shape.Provider(),
                isByModel ? "the answer's model, which OpenAI does not make" : $"the shape of {answer.Shape}");
        }

        var requested = context.Model.Length > 0 ? context.Model : ProviderShapes.ModelOfPath(context.Path);
        var model = answer.Model;
        if (model.IsText && !NativeEventWriter.IsUsable(_payload, in model))
        {
            return new MappingError(MappingReason.TextUnusable, model.Offset, "model");
        }

        if (model.IsText)
        {
            writer.Plain("model"u8, model.Of(_payload), "the answer's model");
        }
        else if (!TryContext("model"u8, requested))
        {
            if (!IsFailed)
            {
                return new MappingError(MappingReason.MissingField, 0, "model");
            }

            writer.Plain("model"u8, "unknown"u8, "neither answer nor request name one");
        }

        TryContext("model_requested"u8, requested);
        return default;
    }

    private bool IsFailed => answer.IsError || context.HttpStatus >= ProviderContext.FirstErrorStatus;

    private MappingError WriteUsage(ref MappedItem item)
    {
        if (!answer.TryUsage(Served, out var convention, out var usage))
        {
            return new MappingError(MappingReason.ConventionContradicted, 0, answer.Counted is { } counted ? Path(counted.Input) : "");
        }

        var isCut = !answer.IsEnded;
        item.Standing = usage.Standing;
        var from = answer.Counted ?? paths.Usages[0];
        writer.Count("tokens_in"u8, usage.TokensIn, Path(from.Input));
        writer.Count("tokens_out"u8, usage.TokensOut, Path(from.Output));
        writer.Count("tokens_cached"u8, usage.Cached, Path(from.CacheRead));
        writer.Count("tokens_cache_write_5m"u8, usage.CacheWrite5m, Path(from.CacheWrite));
        writer.Count("tokens_cache_write_1h"u8, usage.CacheWrite1h, Path(from.CacheWrite1h));
        writer.Count("tokens_reasoning"u8, usage.Reasoning, Path(from.Reasoning));
        writer.Unit("web_searches"u8, answer.Searches, Path(from.Searches));
        writer.Plain("usage_convention"u8, convention.Name(usage.Standing), convention.Grounds);
        var isOk = !IsFailed && !answer.IsCancelled && !isCut;

        // What a stream had told before it broke is there, whether an error or nothing at all ended it.
        if (usage.Standing == Standing.Cut || (isOk && !(usage.TokensIn.IsKnown && usage.TokensOut.IsKnown)))
        {
            writer.Plain("completeness"u8, "estimated"u8, isCut ? "the stream was cut" : "the provider told no usage, or a part of it");
        }

        writer.Plain("result_type"u8, Result(isCut), isCut && !IsFailed ? "the stream has no end" : "the answer");
        return default;
    }

    private byte[] Maker => answer.Model.IsText ? ModelMakers.Of(answer.Model.Of(_payload)) : ModelMakers.OpenAi;

    /// <summary>
    /// Who serves where it is not the provider whose shape the answer has: everybody answers in OpenAI's, so that a model of somebody
    /// else tells.
    /// </summary>
    private string Served =>
        context.Provider.Length > 0 ? context.Provider
        : answer.Shape.Provider().SequenceEqual("openai"u8) && !ReferenceEquals(Maker, ModelMakers.OpenAi)
            ? System.Text.Encoding.ASCII.GetString(Maker)
            : "";

    private string Path(int[] candidates) => candidates.Length > 0 ? paths.Names.Path(candidates[0]) : "";

    private ReadOnlySpan<byte> Result(bool isCut)
    {
        var type = answer.ErrorType.Of(_payload);
        return context.HttpStatus is 408 or 504 || type.SequenceEqual("timeout_error"u8) ? "timeout"u8
            : IsFailed ? "error"u8
            : isCut || answer.IsCancelled ? "cancelled"u8
            : "ok"u8;
    }

    private void WriteRest()
    {
        var (error, tier, region) = (answer.ErrorType, answer.Tier, answer.Region);
        writer.Optional("error_type"u8, _payload, in error, paths.Names.Path(paths.ErrorType));
        writer.Optional("service_tier"u8, _payload, in tier, "service_tier");
        writer.Optional("region"u8, _payload, in region, paths.Names.Path(paths.Region[0]));
        var latency = context.LatencyMs is >= 0 and <= EventLimits.Count and { } told ? TokenCount.Of(told) : answer.LatencyMs;
        if (latency.IsKnown)
        {
            writer.Number("latency_ms"u8, latency.OrZero, context.LatencyMs is null ? paths.Names.Path(paths.Latency) : FromContext);
        }
    }

    /// <summary>Writes a text that came beside the body, where an event can carry it.</summary>
    private bool TryContext(ReadOnlySpan<byte> field, string text)
    {
        if (!TryEncode(text, out var encoded))
        {
            return false;
        }

        writer.Plain(field, encoded, FromContext);
        return true;
    }

    /// <summary>A text as JSON has it; false where it is empty or an event cannot carry it.</summary>
    private static bool TryEncode(string text, out ReadOnlySpan<byte> encoded)
    {
        encoded = JsonEncodedText.Encode(text).EncodedUtf8Bytes;
        return text.Length > 0 && NativeEventWriter.IsUsable(encoded, new JsonValue(JsonKind.Text, 0, encoded.Length));
    }
}
