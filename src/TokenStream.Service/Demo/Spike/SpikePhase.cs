namespace TokenStream.Service.Demo.Spike;

/// <summary>Where the story is.</summary>
internal enum SpikePhase
{
    /// <summary>A day and a half is replayed, so that there is something to expect.</summary>
    Learning,

    /// <summary>Minutes as they should be.</summary>
    Calm,

    /// <summary>A new prompt version puts the time of day first: the provider's cache finds nothing again.</summary>
    CacheLost,

    /// <summary>The prompt was put right.</summary>
    Repaired,
}
