namespace TokenStream.Mapping;

/// <summary>
/// Turns payloads of one source into native events. What comes out depends on the payload alone, so that a repeated payload gives the same
/// events, ids included. Never throws, whatever the bytes. One mapper belongs to one thread.
/// </summary>
public interface IPayloadMapper
{
    /// <summary>Maps each item of a payload; <paramref name="events"/> is cleared first.</summary>
    void Map(in Payload payload, MappedEvents events);
}
