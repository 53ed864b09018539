namespace TokenStream.Commands;

/// <summary>
/// What all commands that match a request ask together. The default asks nothing. Where <see cref="Kill"/> is set nothing else counts, and
/// where <see cref="CacheOnly"/> is, nothing but it: the request reaches no model.
/// </summary>
public readonly struct ComposedCommands
{
    /// <summary>Refuses the request; of several the one of the narrowest scope, a person's before a budget's.</summary>
    public Command? Kill { get; init; }

    /// <summary>Whether any of the kills ends running streams.</summary>
    public bool AbortsStreams { get; init; }

    /// <summary>Answer from the gateway's cache or not at all.</summary>
    public Command? CacheOnly { get; init; }

    /// <summary>The smallest limit of output tokens.</summary>
    public Command? Trim { get; init; }

    /// <summary>Where to serve from.</summary>
    public Command? Route { get; init; }
}
