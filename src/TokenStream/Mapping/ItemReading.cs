using System.Buffers.Text;
using TokenStream.Events;
using TokenStream.Mapping.ProviderUsage;

namespace TokenStream.Mapping;

/// <summary>One item of a JSON payload on its way to be an event: what the mappers of several sources do alike.</summary>
internal ref struct ItemReading(
    ReadOnlySpan<byte> payload, JsonPaths names, JsonPathReader values, NativeEventWriter writer, int start)
{
    private readonly ReadOnlySpan<byte> _payload = payload;

    public readonly ReadOnlySpan<byte> Payload => _payload;

    /// <summary>Why there is no event, once something was refused.</summary>
    public MappingError Error { get; private set; }

    /// <summary>Refuses the item, at the value of a path or, where there is none, at its beginning.</summary>
    public bool Refuse(MappingReason reason, int node)
    {
        Error = new MappingError(reason, values[node].Kind == JsonKind.Absent ? start : values[node].Offset, names.Path(node));
        return false;
    }

    /// <summary>Refuses the item for what it is as a whole.</summary>
    public bool Refuse(MappingReason reason)
    {
        Error = new MappingError(reason, start, "");
        return false;
    }

    /// <summary>The text at the first of the paths that has a value; empty where none has.</summary>
    public readonly ReadOnlySpan<byte> Text(int[] candidates)
    {
        var node = values.FirstWithValue(candidates);
        return node == 0 ? default : values[node].Of(_payload);
    }

    /// <summary>Writes a text that an event needs; false where there is none, or none that an event can carry.</summary>
    public bool TryRequired(ReadOnlySpan<byte> field, int[] candidates)
    {
        var node = values.FirstWithValue(candidates);
        if (node == 0)
        {
            return Refuse(MappingReason.MissingField, candidates[0]);
        }

        if (!NativeEventWriter.IsUsable(_payload, in values[node]))
        {
            return Refuse(MappingReason.TextUnusable, node);
        }

        writer.Plain(field, values[node].Of(_payload), names.Path(node));
        return true;
    }

    /// <summary>Writes a text that an event can do without.</summary>
    public readonly void Optional(ReadOnlySpan<byte> field, int[] candidates)
    {
        var node = values.FirstWithValue(candidates);
        if (node != 0)
        {
            writer.Optional(field, _payload, in values[node], names.Path(node));
        }
    }

    /// <summary>
    /// Writes what names the request, told apart by what follows it; a hash of the item where nothing names it, or nothing that an event
    /// can carry.
    /// </summary>
    public readonly void Identity(int[] candidates, ReadOnlySpan<byte> item, ReadOnlySpan<byte> suffix = default)
    {
        var node = values.FirstWithValue(candidates);
        ref readonly var id = ref values[node];
        if (node != 0 && id.Length + suffix.Length <= EventLimits.TextBytes && NativeEventWriter.IsUsable(_payload, in id))
        {
            writer.Plain("event_id"u8, id.Of(_payload), names.Path(node), suffix);
            return;
        }

        Span<byte> hash = stackalloc byte[16];
        Utf8Formatter.TryFormat(StableHash.Hash(item, suffix), hash, out _, new System.Buffers.StandardFormat('x', 16));
        writer.Plain("event_id"u8, hash, "a hash of the item: nothing names it");
    }

    /// <summary>Writes a duration of milliseconds where one can be read.</summary>
    public readonly void Duration(ReadOnlySpan<byte> field, int[] candidates)
    {
        var node = values.FirstWithValue(candidates);
        var duration = node == 0 ? default : CountText.Duration(_payload, in values[node]);
        if (duration.IsKnown)
        {
            writer.Number(field, duration.OrZero, names.Path(node));
        }
    }

    /// <summary>Reads the first of the counts that is there; false where it is none.</summary>
    public bool TryCount(int[] candidates, ref TokenCount count)
    {
        foreach (var node in candidates)
        {
            var reason = CountText.Read(_payload, in values[node], out count);
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

    /// <summary>Reads all counts of a usage object.</summary>
    public bool TryReport(UsagePaths usage, ref ReportedUsage reported) =>
        TryCount(usage.Input, ref reported.Input) && TryCount(usage.Output, ref reported.Output)
        && TryCount(usage.Total, ref reported.Total)
        && TryCount(usage.CacheRead, ref reported.CacheRead) && TryCount(usage.CacheWrite, ref reported.CacheWrite)
        && TryCount(usage.CacheWrite5m, ref reported.CacheWrite5m) && TryCount(usage.CacheWrite1h, ref reported.CacheWrite1h)
        && TryCount(usage.Reasoning, ref reported.Reasoning) && TryCount(usage.ToolInput, ref reported.ToolInput);

    /// <summary>Whether one of the counts that every usage object has is there.</summary>
    public readonly bool IsCounted(UsagePaths usage) =>
        values.FirstWithValue(usage.Input) != 0 || values.FirstWithValue(usage.Output) != 0 || values.FirstWithValue(usage.Total) != 0;

    /// <summary>Writes the counts and how sure they are.</summary>
    public readonly void Usage(in MappedUsage usage, UsagePaths from, Convention convention)
    {
        writer.Count("tokens_in"u8, usage.TokensIn, Path(from.Input));
        writer.Count("tokens_out"u8, usage.TokensOut, Path(from.Output));
        writer.Count("tokens_cached"u8, usage.Cached, Path(from.CacheRead));
        writer.Count("tokens_cache_write_5m"u8, usage.CacheWrite5m, Path(from.CacheWrite));
        writer.Count("tokens_cache_write_1h"u8, usage.CacheWrite1h, Path(from.CacheWrite1h));
        writer.Count("tokens_reasoning"u8, usage.Reasoning, Path(from.Reasoning));
        writer.Plain("usage_convention"u8, convention.Name(usage.Standing), convention.Grounds);
    }

    private readonly string Path(int[] candidates)
    {
        var node = values.FirstWithValue(candidates);
        return node != 0 ? names.Path(node) : candidates.Length > 0 ? names.Path(candidates[0]) : "";
    }
}
