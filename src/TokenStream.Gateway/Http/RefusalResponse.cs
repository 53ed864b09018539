using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace TokenStream.Gateway.Http;

/// <summary>What a caller is told whose request is refused: an error as OpenAI's own look, and headers that SDKs obey.</summary>
public static class RefusalResponse
{
    public static HttpResponseMessage Of(in GatewayDecision decision, HttpRequestMessage request)
    {
        var response = new HttpResponseMessage((HttpStatusCode)decision.Status)
        {
            RequestMessage = request,
            Content = new ByteArrayContent(Body(in decision)),
        };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach (var (name, value) in Headers(in decision))
        {
            response.Headers.TryAddWithoutValidation(name, value);
        }

        return response;
    }

    /// <summary>For a request that cannot be decided about.</summary>
    internal static HttpResponseMessage OfBody(HttpRequestMessage request, HttpStatusCode status, string message)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteStartObject("error"u8);
            json.WriteString("message"u8, message);
            json.WriteString("type"u8, "invalid_request_error");
            json.WriteNull("param"u8);
            json.WriteString("code"u8, "tokenstream_unreadable");
            json.WriteEndObject();
            json.WriteEndObject();
        }

        var response = new HttpResponseMessage(status) { RequestMessage = request, Content = new ByteArrayContent(bytes.ToArray()) };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return response;
    }

    /// <summary>The headers, for gateways that write their answers themselves.</summary>
    public static IReadOnlyList<(string Name, string Value)> Headers(in GatewayDecision decision)
    {
        // SDKs repeat a 429 by themselves unless they are told not to.
        var headers = new List<(string, string)> { ("x-should-retry", decision.ShouldRetry ? "true" : "false") };
        if (decision.RetryAfterSeconds is { } seconds)
        {
            headers.Add(("Retry-After", seconds.ToString(CultureInfo.InvariantCulture)));
        }

        if (decision.RefusedBy is { } command)
        {
            headers.Add(("x-tokenstream-command", Uri.EscapeDataString(command.Id)));
        }

        return headers;
    }

    /// <summary>The body's bytes.</summary>
    public static byte[] Body(in GatewayDecision decision)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteStartObject("error"u8);
            json.WriteString("message"u8, decision.Reason);
            json.WriteString("type"u8, decision.Status == 429 ? "insufficient_quota" : decision.Status == 403 ? "permission_error" : "server_error");
            json.WriteNull("param"u8);
            json.WriteString("code"u8, decision.ErrorCode);
            if (decision.RefusedBy is { } command)
            {
                json.WriteString("command_id"u8, command.Id);
                json.WriteString("scope"u8, command.Scope.Text);
                json.WriteString("source"u8, command.Source);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }
}
