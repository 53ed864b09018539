namespace TokenStream.Commands;

/// <summary>What a command asks of a gateway, from nothing to everything: of several, the higher is the more restrictive.</summary>
public enum CommandAction
{
    /// <summary>A release: the source asks for nothing any more.</summary>
    None = 0,

    /// <summary>Exempts the scope from automatic commands; never from a manual kill.</summary>
    Allow = 1,

    /// <summary>Serve from another, cheaper model.</summary>
    RouteTo = 2,

    /// <summary>Limit the output tokens of a request.</summary>
    TrimOutput = 3,

    /// <summary>Limit tokens and requests a minute.</summary>
    Throttle = 4,

    /// <summary>Answer from the gateway's cache or not at all.</summary>
    CacheOnly = 5,

    /// <summary>Refuse every request.</summary>
    Kill = 6,

    /// <summary>
    /// Let in what fits into the slice that this gateway was granted, and nothing else. Stands beside the others: its number orders nothing.
    /// </summary>
    Lease = 7,
}

/// <summary>What a command's action is to be done with.</summary>
public sealed record ActionParameters
{
    public static ActionParameters Nothing { get; } = new();

    /// <summary>For <see cref="CommandAction.TrimOutput"/>: most output tokens of a request.</summary>
    public long? MaxOutputTokens { get; init; }

    /// <summary>For <see cref="CommandAction.RouteTo"/>: the model to serve from, and its provider where it is another one.</summary>
    public string? Model { get; init; }

    public string? Provider { get; init; }

    /// <summary>For <see cref="CommandAction.Throttle"/>, at each gateway: at least one of both.</summary>
    public long? TokensPerMinute { get; init; }

    public long? RequestsPerMinute { get; init; }

    /// <summary>For <see cref="CommandAction.Kill"/>: end running streams too.</summary>
    public bool AbortStreams { get; init; }

    /// <summary>For <see cref="CommandAction.Lease"/>: whether slices are tokens; else they are picodollars.</summary>
    public bool IsTokens { get; init; }

    /// <summary>For <see cref="CommandAction.Lease"/>: what each gateway may spend. A gateway without one may spend nothing.</summary>
    public IReadOnlyList<LeaseSlice> Slices { get; init; } = [];
}
