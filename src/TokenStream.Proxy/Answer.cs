using Microsoft.AspNetCore.Http;

namespace TokenStream.Proxy;

/// <summary>Answers of the proxy's own.</summary>
internal static class Answer
{
    public static async Task WriteAsync(HttpContext context, int status, string family, byte[] body)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        if (family == "bedrock")
        {
            response.Headers["x-amzn-ErrorType"] = ProviderErrors.OfBedrock(status);
        }

        await response.Body.WriteAsync(body, context.RequestAborted);
    }
}
