namespace TokenStream.Detection.Causes;

/// <summary>Bounds of what causes are found from.</summary>
public sealed record CauseOptions
{
    /// <summary>Features of tenants whose baseline is kept, about 10 KB each while it is busy; beyond, those that were silent for longest leave.</summary>
    public int MaxFeatures { get; init; } = 20_000;

    /// <summary>Combinations of model, context band and prompt version of a feature that are told apart; the rest is <c>~other</c>.</summary>
    public int MaxCells { get; init; } = 48;

    /// <summary>Minutes that wait before a baseline learns them, so that it knows nothing of an episode that was just noticed.</summary>
    public int DelayMinutes { get; init; } = 15;

    /// <summary>Minutes with traffic after which half of a baseline is newer.</summary>
    public int HalfLifeMinutes { get; init; } = 120;

    /// <summary>So long an open episode keeps a baseline from learning; then what it brought is the new usual.</summary>
    public int HoldMinutes { get; init; } = 120;
}
