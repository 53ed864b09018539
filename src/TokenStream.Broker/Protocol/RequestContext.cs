namespace TokenStream.Broker.Protocol;

/// <summary>One request on one connection, and the response being built for it. A connection answers one request at a time, in order, so it
/// has one context and uses it again.</summary>
internal sealed class RequestContext(string clientHost, CancellationToken closed) : IDisposable
{
    /// <summary>The peer's address as groups are shown it.</summary>
    public string ClientHost { get; } = clientHost;

    /// <summary>Cancelled when the peer has gone or the listener stops: waiting for something on its behalf ends.</summary>
    public CancellationToken Closed { get; } = closed;

    /// <summary>The request without its length prefix; Produce writes offsets and times into it.</summary>
    public Memory<byte> Frame { get; private set; }

    public ApiKey Key { get; private set; }

    public short Version { get; private set; }

    public int CorrelationId { get; private set; }

    public string ClientId { get; private set; } = "";

    public bool Flexible { get; private set; }

    public WireWriter Response { get; } = new();

    /// <summary>False for Produce with acks 0, the one request that is not answered.</summary>
    public bool Answered { get; set; }

    /// <summary>Bytes of <see cref="Network.MemoryBudget"/> that the response holds until it is sent.</summary>
    public int ReservedBytes { get; set; }

    private int _bodyStart;

    public void Dispose() => Response.Dispose();

    /// <summary>Reads the header of a frame.</summary>
    /// <returns>False where the API is offered but not in this version.</returns>
    /// <exception cref="MalformedRequestException">The header is cut short, or the API is not offered at all.</exception>
    public bool Begin(Memory<byte> frame)
    {
        Frame = frame;
        Answered = true;
        var reader = new WireReader(frame.Span, 0, flexible: false);
        short key = reader.Int16();
        Version = reader.Int16();
        CorrelationId = reader.Int32();
        if (!ApiTable.TryFind(key, out ApiRange range))
        {
            throw new MalformedRequestException($"API {key} is not offered.");
        }

        Key = range.Key;
        Flexible = range.IsFlexible(Version);
        ClientId = reader.HeaderString() ?? "";
        if (!range.Offers(Version))
        {
            return false;
        }

        _bodyStart = reader.Position;
        if (Flexible)
        {
            WireReader tagged = new(frame.Span, _bodyStart, flexible: true);
            tagged.Tags();
            _bodyStart = tagged.Position;
        }

        return true;
    }

    /// <summary>A reader at the first byte after the header.</summary>
    public WireReader Body() => new(Frame.Span, _bodyStart, Flexible);

    /// <summary>
    /// Begins the response with its header. That of ApiVersions never has tagged fields: a client reads it before it knows the versions.
    /// </summary>
    /// <param name="batchBytes">Bytes of fetched batches that it will hold.</param>
    public WireWriter BeginResponse(int batchBytes = 0)
    {
        Response.Begin(Flexible, batchBytes);
        Response.Int32(CorrelationId);
        if (Key != ApiKey.ApiVersions)
        {
            Response.Tags();
        }

        return Response;
    }
}
