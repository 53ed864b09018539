using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace TokenStream.Agent;

/// <summary>The bytes of a request's body in borrowed memory.</summary>
internal readonly struct RequestBody : IDisposable
{
    /// <summary>A larger body is read and answered aside, so that the other connections of the thread that received it do not wait.</summary>
    private const int MostInlineBytes = 16 * 1024;

    private readonly byte[]? _bytes;
    private readonly int _length;

    private RequestBody(byte[] bytes, int length) => (_bytes, _length) = (bytes, length);

    public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, _length);

    /// <summary>Whether all of it is there; else it has more bytes than are read.</summary>
    public bool IsWhole => _bytes is not null;

    public static async ValueTask<RequestBody> ReadAsync(HttpRequest request, int mostBytes)
    {
        if (request.ContentLength > mostBytes)
        {
            return default;
        }

        var reader = request.BodyReader;
        while (true)
        {
            var result = await reader.ReadAsync(request.HttpContext.RequestAborted).ConfigureAwait(false);
            var buffer = result.Buffer;
            if (buffer.Length > mostBytes)
            {
                reader.AdvanceTo(buffer.End);
                return default;
            }

            if (result.IsCompleted)
            {
                var bytes = ArrayPool<byte>.Shared.Rent((int)Math.Max(1, buffer.Length));
                buffer.CopyTo(bytes);
                var length = (int)buffer.Length;
                reader.AdvanceTo(buffer.End);
                if (length > MostInlineBytes)
                {
                    await Task.Yield();
                }

                return new RequestBody(bytes, length);
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    public void Dispose()
    {
        if (_bytes is not null)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }
    }
}
