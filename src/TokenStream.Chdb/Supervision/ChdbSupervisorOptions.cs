namespace TokenStream.Chdb.Supervision;

/// <summary>How the store's process is started and where it will answer.</summary>
public sealed class ChdbSupervisorOptions
{
    /// <summary>The program to start, such as this process's own.</summary>
    public required string Program { get; init; }

    /// <summary>Its arguments: those that make it serve <see cref="Address"/>, and stop when its standard input ends.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Where it will answer, with a port of its own choosing.</summary>
    public required Uri Address { get; init; }

    /// <summary>How long it may take until it answers.</summary>
    public TimeSpan StartTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long it may take to end when asked to; then it is killed.</summary>
    public TimeSpan StopTime { get; init; } = TimeSpan.FromSeconds(20);
}
