namespace TokenStream.Service.Detecting;

/// <summary>What is looked at.</summary>
/// <param name="Name">As errors call it.</param>
/// <param name="Title">Over the plot.</param>
/// <param name="Unit">Of the values; null where it is not known.</param>
/// <param name="Read">Brings the rows.</param>
internal sealed record DetectSubject(string Name, string Title, string? Unit, Func<SeriesTable> Read)
{
    /// <summary>What lies before is scored for what comes after and not told; seconds since the Unix epoch.</summary>
    public long FromSeconds { get; init; } = long.MinValue;
}
