using TokenStream.Events;

namespace TokenStream.Mapping;

/// <summary>
/// Walks the items of a JSON payload: one value, the elements of an array, or values one after another as in JSON lines. A payload that is
/// not JSON from end to end is refused as a whole.
/// </summary>
internal ref struct PayloadItems
{
    private readonly bool _isArray;
    private MappingReason _failure;
    private bool _isBegun;

    /// <summary>Stands before an item, once there is one; whoever reads the item leaves it behind it.</summary>
    public JsonScanner Scanner;

    public PayloadItems(ReadOnlySpan<byte> payload)
    {
        Scanner = new JsonScanner(payload);
        _failure = payload.Length > MappingLimits.PayloadBytes ? MappingReason.PayloadTooLarge
            : Scanner.AtEnd() ? MappingReason.EmptyPayload
            : MappingReason.None;
        _isArray = _failure == MappingReason.None && Scanner.Peek() == '[';
    }

    /// <summary>Levels that are open around an item.</summary>
    public readonly int Depth => _isArray ? 1 : 0;

    /// <summary>Goes to the next item; false where there is none, or where the payload is no good.</summary>
    /// <param name="count">How many items there were so far.</param>
    public bool MoveNext(int count)
    {
        if (_failure == MappingReason.None && count > MappingLimits.Items)
        {
            _failure = MappingReason.PayloadTooLarge;
        }

        if (_failure != MappingReason.None)
        {
            return false;
        }

        var isFirst = !_isBegun;
        _isBegun = true;
        return _isArray ? MoveToElement(isFirst) : !Scanner.AtEnd();
    }

    /// <summary>Says that the item could not be read; the scanner knows why.</summary>
    public void Fail() => _failure = Scanner.Failure == DecodeReason.TooDeep ? MappingReason.TooDeep : MappingReason.InvalidJson;

    /// <summary>Refuses the payload as a whole where it is no good.</summary>
    public void End(MappedEvents events)
    {
        if (_failure == MappingReason.None && !Scanner.AtEnd())
        {
            _failure = MappingReason.InvalidJson;
        }

        if (_failure != MappingReason.None)
        {
            events.RefuseAll(new MappingError(_failure, Scanner.At, ""));
        }
    }

    private bool MoveToElement(bool isFirst)
    {
        if (!isFirst && Scanner.Peek() != ',')
        {
            _failure = Scanner.TryTake((byte)']') ? MappingReason.None : MappingReason.InvalidJson;
            return false;
        }

        Scanner.At++;
        if (isFirst && Scanner.Peek() == ']')
        {
            Scanner.At++;
            return false;
        }

        Scanner.Peek();
        return true;
    }
}
