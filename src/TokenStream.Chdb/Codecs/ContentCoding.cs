using System.IO.Compression;

namespace TokenStream.Chdb.Codecs;

/// <summary>The values of <c>Content-Encoding</c> that a request's body may have.</summary>
internal static class ContentCoding
{
    /// <summary>For error messages.</summary>
    internal const string Known = "gzip, deflate, lz4 (frames), zstd or none";

    /// <summary>Opens a body for reading.</summary>
    /// <param name="coding">The header's value; several codings at once are not known.</param>
    /// <param name="body">The body as it came; the decoded stream owns it.</param>
    /// <param name="mostBytes">Decoded bytes that may come out; reading more throws <see cref="InvalidDataException"/>, as broken bytes
    /// do.</param>
    /// <param name="decoded">The decoded body.</param>
    /// <returns>False for a coding that is not known, or for zstd where libzstd.so.1 is not installed.</returns>
    internal static bool TryOpen(string coding, Stream body, long mostBytes, out Stream decoded)
    {
        Stream? opened = coding.Trim().ToLowerInvariant() switch
        {
            "" or "identity" => body,
            "gzip" or "x-gzip" => new GZipStream(body, CompressionMode.Decompress),
            "deflate" => new ZLibStream(body, CompressionMode.Decompress),
            "lz4" => new Lz4FrameStream(body),
            "zstd" when ZstdNative.IsInstalled => new ZstdStream(body),
            _ => null,
        };
        decoded = opened is null ? body : new LimitedStream(opened, mostBytes);
        return opened is not null;
    }
}
