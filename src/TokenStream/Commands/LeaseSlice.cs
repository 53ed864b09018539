namespace TokenStream.Commands;

/// <summary>
/// What one gateway may spend of a budget: a request is let in while what was settled, what is reserved and its own estimate are at most
/// <paramref name="Granted"/>. Since that counts from the instance's beginning, a slice that comes twice, or late, grants nothing twice.
/// </summary>
/// <param name="Gateway">Its id, for people.</param>
/// <param name="Instance">Whose count it is, as its reports name it.</param>
/// <param name="Granted">Everything that the instance may have spent since it began to count, picodollars or tokens.</param>
/// <param name="ExpiresMs">From then on it lets nothing in.</param>
public sealed record LeaseSlice(string Gateway, string Instance, Int128 Granted, long ExpiresMs);
