namespace TokenStream.Detection.Silence;

/// <summary>What a source of events sent in a minute, as far as it is of this partition's tenants.</summary>
/// <param name="Environment">The environment.</param>
/// <param name="Gateway">The source's name.</param>
/// <param name="MinuteMs">Start of the minute, milliseconds since the Unix epoch.</param>
/// <param name="Events">Events of it in the minute.</param>
/// <param name="Adjusted">Those of them that claimed to come from the future.</param>
/// <param name="IsMissing">The minute was not read whole: what it was is not known.</param>
public readonly record struct GatewayMinute(string Environment, string Gateway, long MinuteMs, long Events, long Adjusted, bool IsMissing = false);
