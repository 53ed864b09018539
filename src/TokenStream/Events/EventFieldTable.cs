using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace TokenStream.Events;

/// <summary>How a field's value is read.</summary>
internal enum FieldForm : byte
{
    /// <summary>Not a known field: skipped, whatever it is.</summary>
    Unknown,

    /// <summary>A text that is kept in the event.</summary>
    Text,

    /// <summary>A text that is checked as any other and not kept.</summary>
    CheckedText,

    /// <summary>A count, perhaps signed; its range is judged with the whole event.</summary>
    Count,

    /// <summary>A count that never has a sign.</summary>
    UnsignedCount,

    Time,

    /// <summary>A text or an integer, not kept.</summary>
    TextOrInteger,

    Enumeration,
    Boolean,
    Units,
    Labels,
    Version,
}

/// <summary>What the decoder knows about each field: its name, how it is read, where in the event it goes.</summary>
internal static class EventFieldTable
{
    /// <summary>Number of fields, <see cref="EventField.None"/> included; below 64, so that a set of fields is one word.</summary>
    public const int Count = (int)EventField.V + 1;

    private const int SlotBits = 8;

    private static readonly string[] Names = new string[Count];
    private static readonly byte[][] Utf8Names = new byte[Count][];
    private static readonly FieldForm[] Forms = new FieldForm[Count];
    private static readonly int[] Offsets = new int[Count];
    private static readonly EventFields[] Flags = new EventFields[Count];
    private static readonly byte[] Slots = new byte[1 << SlotBits];
    private static readonly ulong Multiplier;

    static EventFieldTable()
    {
        Names[0] = "";
        Utf8Names[0] = [];
        DescribeTexts();
        DescribeCounts();
        DescribeRest();
        Multiplier = FindMultiplier();
    }

    public static string Name(EventField field) => Names[(int)field];

    public static FieldForm Form(EventField field) => Forms[(int)field];

    public static EventFields Flag(EventField field) => Flags[(int)field];

    /// <summary>Byte offset, within <see cref="UsageEvent"/>, of what the field is kept in.</summary>
    public static int Offset(EventField field) => Offsets[(int)field];

    /// <summary>The field of a name as it stands in the event; <see cref="EventField.None"/> where it is none of ours.</summary>
    public static EventField Find(ReadOnlySpan<byte> name)
    {
        var candidate = Slots[Slot(name, Multiplier)];
        return name.SequenceEqual(Utf8Names[candidate]) ? (EventField)candidate : EventField.None;
    }

    /// <summary>Both ends of a name and its length, mixed: no two of our names share a slot.</summary>
    private static int Slot(ReadOnlySpan<byte> name, ulong multiplier)
    {
        ref var first = ref MemoryMarshal.GetReference(name);
        ulong word;
        if (name.Length >= 8)
        {
            var head = Unsafe.ReadUnaligned<ulong>(ref first);
            var tail = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, name.Length - 8));
            word = head ^ BitOperations.RotateLeft(tail, 17);
        }
        else
        {
            word = 0;
            for (var i = 0; i < name.Length; i++)
            {
                word = (word << 8) | name[i];
            }
        }

        return (int)(unchecked((word + (ulong)name.Length) * multiplier) >> (64 - SlotBits));
    }

    /// <summary>Tries odd multipliers from a fixed sequence until no two names share a slot; found within the first few thousand.</summary>
    private static ulong FindMultiplier()
    {
        var multiplier = 0x9E3779B97F4A7C15UL;
        while (!TryFillSlots(multiplier))
        {
            multiplier = unchecked((multiplier * 6364136223846793005UL) + 1442695040888963407UL) | 1;
        }

        return multiplier;
    }

    private static bool TryFillSlots(ulong multiplier)
    {
        Array.Clear(Slots);
        for (var field = 1; field < Count; field++)
        {
            ref var slot = ref Slots[Slot(Utf8Names[field], multiplier)];
            if (slot != 0)
            {
                return false;
            }

            slot = (byte)field;
        }

        return true;
    }

    private static void DescribeTexts()
    {
        UsageEvent e = default;
        Describe(EventField.EventId, "event_id", FieldForm.Text, OffsetOf(ref e, ref e.EventId));
        Describe(EventField.TenantId, "tenant_id", FieldForm.Text, OffsetOf(ref e, ref e.TenantId));
        Describe(EventField.App, "app", FieldForm.Text, OffsetOf(ref e, ref e.App));
        Describe(EventField.Feature, "feature", FieldForm.Text, OffsetOf(ref e, ref e.Feature));
        Describe(EventField.Environment, "environment", FieldForm.Text, OffsetOf(ref e, ref e.Environment));
        Describe(EventField.UserId, "user_id", FieldForm.Text, OffsetOf(ref e, ref e.UserId));
        Describe(EventField.SessionId, "session_id", FieldForm.Text, OffsetOf(ref e, ref e.SessionId));
        Describe(EventField.Provider, "provider", FieldForm.Text, OffsetOf(ref e, ref e.Provider));
        Describe(EventField.Model, "model", FieldForm.Text, OffsetOf(ref e, ref e.Model));
        Describe(EventField.PromptVersion, "prompt_version", FieldForm.Text, OffsetOf(ref e, ref e.PromptVersion));
        Describe(EventField.PromptHash, "prompt_hash", FieldForm.Text, OffsetOf(ref e, ref e.PromptHash));
        Describe(EventField.ServiceTier, "service_tier", FieldForm.Text, OffsetOf(ref e, ref e.ServiceTier));
        Describe(EventField.Region, "region", FieldForm.Text, OffsetOf(ref e, ref e.Region));
        Describe(EventField.ErrorType, "error_type", FieldForm.CheckedText, 0);
        Describe(EventField.CommandId, "command_id", FieldForm.CheckedText, 0);
        Describe(EventField.RequestId, "request_id", FieldForm.CheckedText, 0);
        Describe(EventField.ModelRequested, "model_requested", FieldForm.CheckedText, 0);
        Describe(EventField.GatewayId, "gateway_id", FieldForm.CheckedText, 0);
        Describe(EventField.ApiKeyId, "api_key_id", FieldForm.CheckedText, 0);
        Describe(EventField.UsageConvention, "usage_convention", FieldForm.CheckedText, 0);
        Describe(EventField.Adjusts, "adjusts", FieldForm.CheckedText, 0);
    }

    private static void DescribeCounts()
    {
        UsageEvent e = default;
        Describe(EventField.TokensIn, "tokens_in", FieldForm.Count, OffsetOf(ref e, ref e.TokensIn), EventFields.TokensIn);
        Describe(EventField.TokensOut, "tokens_out", FieldForm.Count, OffsetOf(ref e, ref e.TokensOut), EventFields.TokensOut);
        Describe(EventField.TokensCached, "tokens_cached", FieldForm.Count, OffsetOf(ref e, ref e.TokensCached), EventFields.TokensCached);
        Describe(
            EventField.TokensCacheWrite5m,
            "tokens_cache_write_5m",
            FieldForm.Count,
            OffsetOf(ref e, ref e.TokensCacheWrite5m),
            EventFields.TokensCacheWrite5m);
        Describe(
            EventField.TokensCacheWrite1h,
            "tokens_cache_write_1h",
            FieldForm.Count,
            OffsetOf(ref e, ref e.TokensCacheWrite1h),
            EventFields.TokensCacheWrite1h);
        Describe(
            EventField.TokensReasoning,
            "tokens_reasoning",
            FieldForm.Count,
            OffsetOf(ref e, ref e.TokensReasoning),
            EventFields.TokensReasoning);
        Describe(EventField.LatencyMs, "latency_ms", FieldForm.Count, OffsetOf(ref e, ref e.LatencyMs), EventFields.LatencyMs);
        Describe(EventField.TtftMs, "ttft_ms", FieldForm.Count, OffsetOf(ref e, ref e.TtftMs), EventFields.TtftMs);
        Describe(EventField.Attempt, "attempt", FieldForm.Count, OffsetOf(ref e, ref e.Attempt), EventFields.Attempt);
        Describe(EventField.MaxTokens, "max_tokens", FieldForm.UnsignedCount, OffsetOf(ref e, ref e.MaxTokens), EventFields.MaxTokens);
    }

    private static void DescribeRest()
    {
        UsageEvent e = default;
        Describe(EventField.Time, "time", FieldForm.Time, OffsetOf(ref e, ref e.TimeMs));
        Describe(EventField.StartedAt, "started_at", FieldForm.TextOrInteger, 0);
        Describe(
            EventField.CacheStatus, "cache_status", FieldForm.Enumeration, OffsetOf(ref e, ref e.CacheStatus), EventFields.CacheStatus);
        Describe(EventField.ResultType, "result_type", FieldForm.Enumeration, OffsetOf(ref e, ref e.ResultType));
        Describe(EventField.Completeness, "completeness", FieldForm.Enumeration, OffsetOf(ref e, ref e.Completeness));
        Describe(EventField.Kind, "kind", FieldForm.Enumeration, OffsetOf(ref e, ref e.Kind));
        Describe(EventField.Pii, "pii", FieldForm.Boolean, OffsetOf(ref e, ref e.Pii), EventFields.Pii);
        Describe(EventField.Accepted, "accepted", FieldForm.Boolean, OffsetOf(ref e, ref e.Accepted), EventFields.Accepted);
        Describe(EventField.Units, "units", FieldForm.Units, 0);
        Describe(EventField.Labels, "labels", FieldForm.Labels, 0);
        Describe(EventField.V, "v", FieldForm.Version, 0);
    }

    private static void Describe(EventField field, string name, FieldForm form, int offset, EventFields flag = EventFields.None)
    {
        Names[(int)field] = name;
        Utf8Names[(int)field] = Encoding.UTF8.GetBytes(name);
        Forms[(int)field] = form;
        Offsets[(int)field] = offset;
        Flags[(int)field] = flag;
    }

    private static int OffsetOf<T>(ref UsageEvent e, ref T member) =>
        (int)Unsafe.ByteOffset(ref Unsafe.As<UsageEvent, byte>(ref e), ref Unsafe.As<T, byte>(ref member));
}
