using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;

namespace TokenStream.ClickHouse;

/// <summary>A request's body that streams rows, gzipped or as they are, without a second copy of them.</summary>
internal sealed class RowBinaryContent : HttpContent
{
    private readonly RowBinaryWriter _rows;
    private readonly bool _gzip;

    public RowBinaryContent(RowBinaryWriter rows, bool gzip)
    {
        _rows = rows;
        _gzip = gzip;
        Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        if (gzip)
        {
            Headers.ContentEncoding.Add("gzip");
        }
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (!_gzip)
        {
            await _rows.CopyToAsync(stream, cancellationToken).ConfigureAwait(false);
            return;
        }

        var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true);
        await using (gzip.ConfigureAwait(false))
        {
            await _rows.CopyToAsync(gzip, cancellationToken).ConfigureAwait(false);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _gzip ? 0 : _rows.Length;
        return !_gzip;
    }
}
