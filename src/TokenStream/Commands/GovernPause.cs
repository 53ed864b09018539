namespace TokenStream.Commands;

/// <summary>
/// The last word of a person on automatic commands: whether they are paused. A record that does not pause is a resumption, which resets the
/// breaker too, as of its time.
/// </summary>
/// <param name="AtMs">Milliseconds since the Unix epoch.</param>
public sealed record GovernPause(bool Paused, string Reason, string By, long AtMs)
{
    /// <summary>Nobody ever paused.</summary>
    public static GovernPause Never { get; } = new(false, "", "", 0);
}
