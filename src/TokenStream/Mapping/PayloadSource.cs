namespace TokenStream.Mapping;

/// <summary>A format that payloads come in.</summary>
/// <param name="Name">As people write it in a configuration and on the command line; stable.</param>
/// <param name="Description">What it is, for people.</param>
/// <param name="DefaultAttribution">Where its users put who and what for, as long as nobody says otherwise.</param>
/// <param name="Create">Makes a mapper. Throws <see cref="FormatException"/> where a path is none.</param>
/// <param name="Sharing">
/// Makes what makes mappers that share what they remember of earlier payloads; null where mappers remember nothing.
/// </param>
public sealed record PayloadSource(
    string Name,
    string Description,
    AttributionPaths DefaultAttribution,
    Func<AttributionPaths, IPayloadMapper> Create,
    Func<AttributionPaths, Func<IPayloadMapper>>? Sharing = null)
{
    /// <summary>
    /// Makes what makes the mappers of several threads, which work on the payloads of one configured source: ask once, then once for each
    /// thread.
    /// </summary>
    public Func<IPayloadMapper> Mappers(AttributionPaths attribution) => Sharing?.Invoke(attribution) ?? (() => Create(attribution));
}
