namespace TokenStream.Receiver.Intake;

/// <summary>One event of a batch that is answered for each of its events.</summary>
/// <param name="Id">Its id as JSON has it, without quotes; empty for none.</param>
/// <param name="Refusal">Why what it became a part of was refused; null where it was not.</param>
internal readonly record struct BatchEvent(byte[] Id, Refusal? Refusal);
