using Microsoft.AspNetCore.Http;
using TokenStream.Chdb.Engine;

namespace TokenStream.Chdb.Http;

/// <summary>The headers of every answer. There is none for other origins: web pages cannot read what is answered here.</summary>
internal static class ResponseHeaders
{
    internal static void Write(HttpResponse response, RequestOptions? options, ChdbEngine engine)
    {
        if (options is not null)
        {
            response.Headers["X-ClickHouse-Query-Id"] = options.QueryId;
        }
        response.Headers["X-ClickHouse-Timezone"] = engine.TimeZone;
        response.Headers["X-ClickHouse-Server-Display-Name"] = "tokenstream";
    }
}
