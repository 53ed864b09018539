namespace TokenStream.Service.Demo.Runaway;

/// <summary>What the tenant's agents do.</summary>
internal enum RunawayPhase
{
    /// <summary>A request every few seconds.</summary>
    Working,

    /// <summary>One request after the other, refused or not.</summary>
    RunningAway,

    /// <summary>Somebody has noticed and stopped the loop; a request every few seconds again.</summary>
    Stopped,
}
