using System.Globalization;
using Microsoft.AspNetCore.Http;
using TokenStream.Chdb.Engine;

namespace TokenStream.Chdb.Http;

/// <summary>The headers of every answer. There is none for other origins: web pages cannot read what is answered here.</summary>
internal static class ResponseHeaders
{
    /// <summary>Names the process that answers, by which its supervisor knows it from another on the same port.</summary>
    internal const string ProcessId = "X-TokenStream-Process";

    private static readonly string OwnProcessId = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    internal static void Write(HttpResponse response, RequestOptions? options, ChdbEngine engine)
    {
        if (options is not null)
        {
            response.Headers["X-ClickHouse-Query-Id"] = options.QueryId;
        }
        response.Headers["X-ClickHouse-Timezone"] = engine.TimeZone;
        response.Headers[ProcessId] = OwnProcessId;
        response.Headers["X-ClickHouse-Server-Display-Name"] = "tokenstream";
    }
}
