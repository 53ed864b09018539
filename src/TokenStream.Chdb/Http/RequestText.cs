using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using TokenStream.Chdb.Codecs;
using TokenStream.Chdb.Engine;

namespace TokenStream.Chdb.Http;

/// <summary>
/// A request's statement: the <c>query</c> of the query string, a line break, and the body. Of an INSERT that brings data only the head is
/// read here; the data stays in <see cref="Body"/>.
/// </summary>
internal sealed class RequestText : IAsyncDisposable
{
    /// <summary>Bytes of a statement, decoded; longer ones are refused with 229 QUERY_IS_TOO_LARGE.</summary>
    internal const int MostBytes = 1 << 20;

    /// <summary>
    /// The body's reader is ours to end; the server ends its own, and reads what is left of the body for the next request.
    /// </summary>
    private readonly bool _isDecoded;

    private RequestText(HttpRequest request)
    {
        Body = HttpMethods.IsPost(request.Method) ? Decoded(request) : null;
        _isDecoded = Body is not null && Body != request.BodyReader;
    }

    /// <summary>The whole statement, unless <see cref="Insert"/> is there.</summary>
    internal byte[] Statement { get; private set; } = [];

    /// <summary>The head of an INSERT with data.</summary>
    internal InsertHead? Insert { get; private set; }

    /// <summary>Data of the INSERT that came in the query string, before the body.</summary>
    internal byte[] InsertPrefix { get; private set; } = [];

    /// <summary>The body, decoded, from where it has not been consumed yet; null where there is none.</summary>
    internal PipeReader? Body { get; }

    /// <summary>Reads a request's statement.</summary>
    /// <exception cref="ChdbException">229: too long. 48: an encoding of the body we do not decode.</exception>
    internal static async Task<RequestText> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        var text = new RequestText(request);
        var query = Encoding.UTF8.GetBytes(request.Query["query"].ToString());
        if (query.Length > MostBytes)
        {
            throw TooLarge();
        }
        if (InsertHead.Find(query, whole: true, out var head) == InsertKind.WithData)
        {
            text.Insert = head;
            text.InsertPrefix = query[head.DataStart..];
        }
        else if (text.Body is null)
        {
            text.Statement = query;
        }
        else
        {
            await text.ReadBodyAsync(query, cancellation);
        }
        return text;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDecoded)
        {
            await Body!.CompleteAsync();
        }
    }

    private static PipeReader Decoded(HttpRequest request)
    {
        var coding = request.Headers.ContentEncoding.ToString();
        if (coding.Length == 0 || coding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return request.BodyReader;
        }
        return ContentCoding.TryOpen(coding, request.Body, HttpLimits.DecodedBytes, out var decoded)
            ? PipeReader.Create(decoded)
            : throw ChdbException.Of(48, "NOT_IMPLEMENTED", $"Unknown Content-Encoding '{coding}': {ContentCoding.Known} is understood.");
    }

    /// <summary>Reads until the text is known to be an INSERT with data, or to its end.</summary>
    private async Task ReadBodyAsync(byte[] query, CancellationToken cancellation)
    {
        var prefix = query.Length == 0 ? query : [.. query, (byte)'\n'];
        while (true)
        {
            var read = await Body!.ReadAsync(cancellation);
            var text = Joined(prefix, read.Buffer);
            var kind = InsertHead.Find(text, read.IsCompleted, out var head);
            if (kind == InsertKind.WithData)
            {
                Insert = head;
                // A head that ends within the query string leaves its rest, line break included, as data.
                var consumed = Math.Max(0, head.DataStart - prefix.Length);
                InsertPrefix = head.DataStart < prefix.Length ? prefix[head.DataStart..] : [];
                Body.AdvanceTo(read.Buffer.GetPosition(consumed));
                return;
            }
            if (read.IsCompleted || read.Buffer.Length + prefix.Length > MostBytes)
            {
                Body.AdvanceTo(read.Buffer.End);
                Statement = text.Length <= MostBytes ? text : throw TooLarge();
                return;
            }
            Body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static byte[] Joined(byte[] prefix, ReadOnlySequence<byte> rest)
    {
        var length = (int)Math.Min(rest.Length, MostBytes + 1);
        var joined = new byte[prefix.Length + length];
        prefix.CopyTo(joined, 0);
        rest.Slice(0, length).CopyTo(joined.AsSpan(prefix.Length));
        return joined;
    }

    private static ChdbException TooLarge() =>
        ChdbException.Of(229, "QUERY_IS_TOO_LARGE", $"The statement is longer than {MostBytes} bytes.");
}
