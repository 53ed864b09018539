namespace TokenStream.Commands;

/// <summary>What a believed record of the commands topic holds: one of both.</summary>
public sealed record SignedRecord(Command? Command, Heartbeat? Heartbeat)
{
    /// <summary>
    /// Longest record: well below what brokers take. A command that names the tenants of an organisation is by far the longest, about
    /// twenty thousand of them fit.
    /// </summary>
    public const int MostBytes = 512 * 1024;

    /// <summary>The <c>typ</c> of a command's protected header.</summary>
    public const string CommandType = "tokenstream-command+json";

    /// <summary>The <c>typ</c> of a heartbeat's.</summary>
    public const string HeartbeatType = "tokenstream-heartbeat+json";
}
