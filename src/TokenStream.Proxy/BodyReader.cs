using Microsoft.AspNetCore.Http;

namespace TokenStream.Proxy;

/// <summary>Reads bodies that have to be looked at, within the bounds of one and of all.</summary>
internal sealed class BodyReader(ProxyOptions options, ProxyMetrics metrics)
{
    private const int FirstBytes = 16 * 1024;

    /// <summary>The body, to be disposed of; or the status that its caller is told.</summary>
    public async Task<(int Status, HeldBody? Body)> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength > options.MostBodyBytes)
        {
            return (StatusCodes.Status413PayloadTooLarge, null);
        }

        var bytes = new byte[(int)Math.Min(request.ContentLength + 1 ?? FirstBytes, options.MostBodyBytes + 1)];
        var length = 0;
        if (metrics.Hold(bytes.Length) > options.MostHeldBytes)
        {
            metrics.Hold(-bytes.Length);
            return (StatusCodes.Status503ServiceUnavailable, null);
        }

        var status = 0;
        try
        {
            while (status == 0 && await request.Body.ReadAsync(bytes.AsMemory(length), cancellationToken) is > 0 and var read)
            {
                length += read;
                if (length > options.MostBodyBytes)
                {
                    status = StatusCodes.Status413PayloadTooLarge;
                }
                else if (length == bytes.Length)
                {
                    var larger = (int)Math.Min(bytes.Length * 2L, options.MostBodyBytes + 1L);
                    status = metrics.Hold(larger - bytes.Length) > options.MostHeldBytes ? StatusCodes.Status503ServiceUnavailable : 0;
                    Array.Resize(ref bytes, larger);
                }
            }
        }
        catch
        {
            metrics.Hold(-bytes.Length);
            throw;
        }

        if (status != 0)
        {
            metrics.Hold(-bytes.Length);
            return (status, null);
        }

        return (0, new HeldBody(bytes, length, metrics));
    }
}

/// <summary>A body that counts as held until it is disposed of.</summary>
internal sealed class HeldBody(byte[] bytes, int length, ProxyMetrics metrics) : IDisposable
{
    public ReadOnlyMemory<byte> Bytes => bytes.AsMemory(0, length);

    public void Dispose() => metrics.Hold(-bytes.Length);
}
