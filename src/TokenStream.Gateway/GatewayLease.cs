namespace TokenStream.Gateway;

/// <summary>How a gateway's slice of a leased budget stands. Amounts count from the start of the process.</summary>
/// <param name="Key">Key of the lease's command, <c>SCOPE|lease/BUDGET</c>.</param>
/// <param name="IsTokens">Whether amounts are tokens; else they are picodollars.</param>
/// <param name="Granted">What may have been spent in all.</param>
/// <param name="Settled">What completed requests cost.</param>
/// <param name="Reserved">What requests in flight may cost.</param>
/// <param name="ExpiresMs">From then on nothing is let in, milliseconds since the Unix epoch; 0 without a slice.</param>
public readonly record struct GatewayLease(string Key, bool IsTokens, long Granted, long Settled, long Reserved, long ExpiresMs);
