namespace TokenStream.Chdb.Http;

/// <summary>Bounds of what a request may bring.</summary>
internal static class HttpLimits
{
    /// <summary>Bytes of a body as sent: an insert's rows, which are streamed and never held whole.</summary>
    internal const long BodyBytes = 4L << 30;

    /// <summary>Bytes of a body once unpacked: what a small body can grow to.</summary>
    internal const long DecodedBytes = 32L << 30;

    /// <summary>Bytes of the request line: a statement in the query string.</summary>
    internal const int RequestLineBytes = 256 << 10;

    /// <summary>Connections at once; more are closed.</summary>
    internal const int Connections = 512;
}
