using System.Text;
using TokenStream.Events;
using TokenStream.Mapping;

namespace TokenStream.Tests.Mapping;

/// <summary>An event that a mapper made, decoded as the stream does, with its texts.</summary>
internal sealed class MappedEvent
{
    private readonly byte[] _record;
    private readonly EventDecoder _decoder = new([]);

    public MappedEvent(ReadOnlySpan<byte> record, MappedItem item)
    {
        (_record, Item) = (record.ToArray(), item);
        UsageEvent usage = default;
        if (!_decoder.TryDecode(_record, ref usage, out var error))
        {
            throw new InvalidOperationException($"The stream refuses what was mapped: {error} in {Encoding.UTF8.GetString(_record)}");
        }

        Usage = usage;
    }

    public MappedItem Item { get; }

    public UsageEvent Usage { get; }

    public string Text(Utf8Slice slice) => Encoding.UTF8.GetString(_decoder.Text(_record, slice));

    /// <summary>A member of the event as written; null where it has none.</summary>
    public string? Member(string name) => System.Text.Json.Nodes.JsonNode.Parse(_record)![name]?.ToString();

    public long? Count(EventFields field, long count) => Usage.Has(field) ? count : null;

    public override string ToString() => Encoding.UTF8.GetString(_record);
}

/// <summary>Compares what was mapped with the truth, class by class.</summary>
internal static class TruthComparison
{
    /// <summary>
    /// What is wrong, in words. A class that a tool lost, or whose zero says nothing, may be unknown; what the event claims must be true,
    /// unless the event calls it an estimate.
    /// </summary>
    public static IEnumerable<string> Differences(Truth truth, MappedEvent mapped)
    {
        var usage = mapped.Usage;
        if (Result(truth) != usage.ResultType)
        {
            yield return $"result {usage.ResultType}";
        }

        if (truth.Text("result") == "gateway_cache_hit" != usage.IsAvoided)
        {
            yield return $"avoided {usage.IsAvoided}";
        }

        foreach (var (field, text) in new[]
        {
            ("tenant", mapped.Item.IsTenantDefault ? "" : mapped.Text(usage.TenantId)), ("feature", mapped.Text(usage.Feature)),
            ("user", mapped.Text(usage.UserId)), ("session", mapped.Text(usage.SessionId)), ("environment", mapped.Text(usage.Environment)),
        })
        {
            // What the item does not carry may be missing, and nothing else may stand in its place.
            // The truth of an earlier try says nothing of who asked: it is the request's.
            var isLeftOut = !truth.Carries(field) && text == (field == "environment" ? "prod" : "");
            if (truth.Row["attribution"] is not null && !isLeftOut && text != truth.Attribution(field))
            {
                yield return $"{field} {text}";
            }
        }

        if (truth.Is("latency_in_item") && truth.Row["item_ms"] is { } shown && Math.Abs(shown.GetValue<double>() - usage.LatencyMs) > 1)
        {
            yield return $"latency {usage.LatencyMs}";
        }

        foreach (var difference in truth.HasTokens ? TokenDifferences(truth, mapped) : Inventions(truth, mapped))
        {
            yield return difference;
        }
    }

    private static IEnumerable<string> TokenDifferences(Truth truth, MappedEvent mapped)
    {
        var usage = mapped.Usage;
        if (usage.Completeness == Completeness.Estimated)
        {
            return truth.Is("recoverable") ? ["estimated"] : [];
        }

        long? writes = usage.Has(EventFields.TokensCacheWrite5m) || usage.Has(EventFields.TokensCacheWrite1h)
            ? usage.TokensCacheWrite5m + usage.TokensCacheWrite1h
            : null;
        (string Name, long? Mapped)[] classes =
        [
            ("in_total", mapped.Count(EventFields.TokensIn, usage.TokensIn)),
            ("out_total", mapped.Count(EventFields.TokensOut, usage.TokensOut)),
            ("in_cache_read", mapped.Count(EventFields.TokensCached, usage.TokensCached)), ("in_cache_write", writes),
            ("in_cache_write_1h", mapped.Count(EventFields.TokensCacheWrite1h, usage.TokensCacheWrite1h)),
            ("out_reasoning", mapped.Count(EventFields.TokensReasoning, usage.TokensReasoning)),
        ];
        return classes
            .Where(it => !Holds(truth, it.Name, it.Mapped) && !IsBound(truth, it.Name, it.Mapped, mapped.Item.Standing))
            .Select(it => $"{it.Name} {it.Mapped}");
    }

    /// <summary>What the tool itself gets wrong is passed on, if the event says that it is at least so much.</summary>
    private static bool IsBound(Truth truth, string name, long? mapped, Standing standing) =>
        standing == Standing.BoundInput && mapped is not null && truth.Row["wrong"]?[name]?.GetValue<long>() == mapped;

    /// <summary>
    /// A positive class must be there unless it was lost; a zero may be unknown; what was not reported must not be claimed.
    /// </summary>
    private static bool Holds(Truth truth, string name, long? mapped) => truth.Tokens(name) switch
    {
        null => mapped is null,
        0 => mapped is null or 0,
        var tokens => mapped == tokens || (mapped is null && (!truth.Is("usage_sent_by_provider") || truth.Lists("lost", name))),
    };

    /// <summary>Where no provider used tokens, an event has none that cost anything.</summary>
    private static IEnumerable<string> Inventions(Truth truth, MappedEvent mapped)
    {
        var usage = mapped.Usage;
        if (usage.IsAvoided)
        {
            return [];
        }

        var isInvented = usage.Has(EventFields.TokensIn) || usage.Has(EventFields.TokensOut);
        return isInvented ? [$"invented {usage.TokensIn} and {usage.TokensOut}"] : [];
    }

    private static ResultType Result(Truth truth) => (truth.Role, truth.Text("result")) switch
    {
        ("failed_attempt", _) or (_, "error") => ResultType.Error,
        (_, "timeout") => ResultType.Timeout,
        (_, "cancelled_by_client" or "cut_by_provider") => ResultType.Cancelled,
        (_, "mock") => truth.Row["error_type"] is null && truth.Row["knowable"] is not null ? ResultType.Ok : ResultType.Error,
        _ => ResultType.Ok,
    };
}
