using System.Net;
using System.Text;

namespace TokenStream.ClickHouse;

/// <summary>
/// Tells an answer from an error. ClickHouse reports one by the status and the code in a header; once an answer has begun with status 200,
/// by text at its end: between tags that a header announced, or, before release 25, as a bare line.
/// </summary>
internal static class AnswerText
{
    private const string CodeHeader = "X-ClickHouse-Exception-Code";
    private const string TagHeader = "X-ClickHouse-Exception-Tag";
    private const string Marker = "__exception__";

    // The server cuts what it reports after the fact; an error further from the end than this is data that looks like one.
    private const int LongestError = 32 << 10;

    /// <summary>The answer's text; throws what it reports instead.</summary>
    public static string Check(ClickHouseOptions options, HttpResponseMessage response, byte[] body)
    {
        var code = Header(response, CodeHeader);
        if (response.StatusCode != HttpStatusCode.OK || code is not null)
        {
            throw ClickHouseError.Parse(code, Encoding.UTF8.GetString(body)).ToException(options, response.StatusCode);
        }

        var text = Encoding.UTF8.GetString(body);
        if (LateError(text, Header(response, TagHeader)) is { } error)
        {
            throw ClickHouseError.Parse(null, error).ToException(options, HttpStatusCode.InternalServerError);
        }

        return text;
    }

    /// <summary>The error at the end of an answer that had begun as a success; null where there is none.</summary>
    internal static string? LateError(string text, string? tag)
    {
        if (tag is { Length: > 0 })
        {
            var begin = text.LastIndexOf($"{Marker}\r\n{tag}\r\n", StringComparison.Ordinal);
            if (begin < 0)
            {
                return null;
            }

            var error = text[(begin + Marker.Length + tag.Length + 4)..];
            var end = error.LastIndexOf($" {tag}\r\n{Marker}", StringComparison.Ordinal);
            return end < 0 ? error : error[..Math.Max(0, error.LastIndexOf('\n', end))];
        }

        var line = text.LastIndexOf("\nCode: ", StringComparison.Ordinal) + 1;
        return text.Length - line <= LongestError && text.AsSpan(line).StartsWith("Code: ") &&
            text.AsSpan(line).Contains("DB::Exception", StringComparison.Ordinal)
            ? text[line..]
            : null;
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}
