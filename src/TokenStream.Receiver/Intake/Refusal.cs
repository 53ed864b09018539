namespace TokenStream.Receiver.Intake;

/// <summary>Why an item of a payload became no event.</summary>
/// <param name="Item">Which one, from 0.</param>
/// <param name="Reason">A stable name.</param>
/// <param name="Offset">Byte of the payload; <see cref="Nowhere"/> where it is not known.</param>
/// <param name="Path">The path concerned; empty where it is the item as a whole.</param>
/// <param name="Detail">A sentence for people.</param>
internal sealed record Refusal(int Item, string Reason, int Offset, string Path, string Detail)
{
    /// <summary>The place of a fault that lies in the event and not in the payload.</summary>
    public const int Nowhere = -1;
}
