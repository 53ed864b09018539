using System.Globalization;
using Microsoft.AspNetCore.Http;
using TokenStream.Receiver.Intake;

namespace TokenStream.Receiver.Http;

/// <summary>What a sender is told.</summary>
internal sealed record ReceiverAnswer(int Status, string ContentType, byte[] Body)
{
    /// <summary>When to come again; null where that would bring nothing.</summary>
    public int? RetryAfterSeconds { get; init; }

    public static ReceiverAnswer Refused(
        AnswerForm form, int status, string code, string title, string detail, IReadOnlyList<Refusal>? refusals = null) =>
        new(status, form.RefusalContentType, form.Refusal(status, code, title, detail, refusals ?? []));

    public async Task WriteAsync(HttpContext http)
    {
        http.Response.StatusCode = Status;
        if (Status == StatusCodes.Status204NoContent)
        {
            return;
        }

        http.Response.ContentType = ContentType;
        http.Response.ContentLength = Body.Length;
        if (RetryAfterSeconds is { } seconds)
        {
            http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        await http.Response.Body.WriteAsync(Body, http.RequestAborted);
    }
}
