namespace TokenStream.Events;

/// <summary>The texts of the enumerated fields.</summary>
internal static class EnumText
{
    /// <summary>The number of a field's value; false where it is none of the field's.</summary>
    public static bool TryParse(EventField field, ReadOnlySpan<byte> text, out byte value)
    {
        var number = field switch
        {
            EventField.CacheStatus => CacheStatusOf(text),
            EventField.ResultType => ResultTypeOf(text),
            EventField.Completeness => CompletenessOf(text),
            _ => KindOf(text),
        };
        value = (byte)(number < 0 ? 0 : number);
        return number >= 0;
    }

    private static int CacheStatusOf(ReadOnlySpan<byte> text) => text switch
    {
        _ when text.SequenceEqual("none"u8) => (int)CacheStatus.None,
        _ when text.SequenceEqual("exact"u8) => (int)CacheStatus.Exact,
        _ when text.SequenceEqual("prefix"u8) => (int)CacheStatus.Prefix,
        _ when text.SequenceEqual("semantic"u8) => (int)CacheStatus.Semantic,
        _ => -1,
    };

    private static int ResultTypeOf(ReadOnlySpan<byte> text) => text switch
    {
        _ when text.SequenceEqual("ok"u8) => (int)ResultType.Ok,
        _ when text.SequenceEqual("error"u8) => (int)ResultType.Error,
        _ when text.SequenceEqual("timeout"u8) => (int)ResultType.Timeout,
        _ when text.SequenceEqual("cancelled"u8) => (int)ResultType.Cancelled,
        _ when text.SequenceEqual("blocked_policy"u8) => (int)ResultType.BlockedPolicy,
        _ when text.SequenceEqual("blocked_budget"u8) => (int)ResultType.BlockedBudget,
        _ => -1,
    };

    private static int CompletenessOf(ReadOnlySpan<byte> text) => text switch
    {
        _ when text.SequenceEqual("final"u8) => (int)Completeness.Final,
        _ when text.SequenceEqual("partial"u8) => (int)Completeness.Partial,
        _ when text.SequenceEqual("estimated"u8) => (int)Completeness.Estimated,
        _ => -1,
    };

    private static int KindOf(ReadOnlySpan<byte> text) => text switch
    {
        _ when text.SequenceEqual("request"u8) => (int)EventKind.Request,
        _ when text.SequenceEqual("adjustment"u8) => (int)EventKind.Adjustment,
        _ when text.SequenceEqual("tick"u8) => (int)EventKind.Tick,
        _ => -1,
    };
}
