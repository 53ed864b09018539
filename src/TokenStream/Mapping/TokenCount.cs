using TokenStream.Events;

namespace TokenStream.Mapping;

/// <summary>A count of tokens that may be unknown, which is not zero. The default value is the unknown one.</summary>
internal readonly record struct TokenCount
{
    private readonly long _oneMore;

    private TokenCount(long oneMore) => _oneMore = oneMore;

    public bool IsKnown => _oneMore != 0;

    public bool IsZero => _oneMore == 1;

    /// <summary>The count, 0 where it is unknown.</summary>
    public long OrZero => IsKnown ? _oneMore - 1 : 0;

    public static TokenCount Of(long count) => new(count + 1);

    /// <summary>This one where it is known, else the other.</summary>
    public TokenCount Or(TokenCount other) => IsKnown ? this : other;

    /// <summary>This one, unless it is zero.</summary>
    public TokenCount UnlessZero() => IsZero ? default : this;

    /// <summary>Reads a count; what is absent or null is unknown.</summary>
    public static MappingReason Read(in JsonValue value, out TokenCount count)
    {
        count = default;
        if (!value.IsThere)
        {
            return MappingReason.None;
        }

        if (value.Kind != JsonKind.Number)
        {
            return MappingReason.WrongType;
        }

        if (!value.IsPlain)
        {
            return MappingReason.NotAnInteger;
        }

        if (value.Number is < 0 or > EventLimits.Count)
        {
            return MappingReason.CountOutOfRange;
        }

        count = Of(value.Number);
        return MappingReason.None;
    }
}
