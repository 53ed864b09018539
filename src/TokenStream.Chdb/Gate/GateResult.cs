namespace TokenStream.Chdb.Gate;

/// <summary>What the gate says of a statement.</summary>
/// <param name="Reason">Why it is refused, as a sentence that names the cause; null where it is allowed.</param>
/// <param name="Statement">The bytes to run: one statement, without the final semicolon and without SETTINGS clauses. Empty where
/// refused.</param>
/// <param name="Settings">What the SETTINGS clauses said, in order: allowed names, values without quotes.</param>
/// <param name="Format">The name after FORMAT, or null where the statement names none.</param>
internal sealed record GateResult(string? Reason, byte[] Statement, IReadOnlyList<KeyValuePair<string, string>> Settings, string? Format)
{
    internal bool Allowed => Reason is null;

    internal static GateResult Refused(string reason) => new(reason, [], [], null);
}
