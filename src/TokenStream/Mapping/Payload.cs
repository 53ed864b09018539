namespace TokenStream.Mapping;

/// <summary>What a mapper is given: a body and what came beside it.</summary>
/// <param name="body">The bytes as they were sent, unpacked where they were packed.</param>
/// <param name="receivedMs">
/// When the log or the receiver took it, milliseconds since the Unix epoch: the time of an event whose source tells none.
/// </param>
/// <param name="headers">The record's or request's headers; null for none.</param>
public readonly ref struct Payload(ReadOnlySpan<byte> body, long receivedMs, PayloadHeaders? headers = null)
{
    public ReadOnlySpan<byte> Body { get; } = body;

    public long ReceivedMs { get; } = receivedMs;

    /// <summary>All headers; null for none.</summary>
    public PayloadHeaders? Headers => headers;

    /// <summary>The value of a header; empty where there is none.</summary>
    public ReadOnlySpan<byte> Header(ReadOnlySpan<byte> name) =>
        headers is not null && headers.TryGet(name, out var value) ? value : default;
}
