using System.Buffers.Text;

namespace TokenStream.Mapping.Langfuse;

/// <summary>What failed, as far as the message of an error tells: where the name of it stands in the message.</summary>
internal readonly record struct LangfuseFailure(int Start, int Length, bool IsTimeout);

/// <summary>
/// Reads messages of errors, which are made of exceptions: <c>Error code: 429 - {'error': {'type': 'rate_limit_error', ..}}</c> by the SDKs
/// of OpenAI and Anthropic, <c>HTTP Error 529: </c> by Python itself.
/// </summary>
internal static class LangfuseFailures
{
    public static LangfuseFailure Of(ReadOnlySpan<byte> message)
    {
        var code = Code(message, out var codeAt);
        var isTimeout = code is 408 or 504 || message.IndexOf("timed out"u8) >= 0 || message.IndexOf("Timeout"u8) >= 0;

        // The innermost type is the provider's name of the error; around it stands the type of the envelope.
        var marker = "'type': '"u8;
        var at = message.LastIndexOf(marker) is >= 0 and var found ? found + marker.Length : -1;
        var length = at < 0 ? 0 : message[at..].IndexOf((byte)'\'');
        return length is > 0 and <= 64 && !message.Slice(at, length).ContainsAnyExcept(Letters) ? new LangfuseFailure(at, length, isTimeout)
            : code > 0 ? new LangfuseFailure(codeAt, 3, isTimeout)
            : new LangfuseFailure(0, 0, isTimeout);
    }

    private static readonly System.Buffers.SearchValues<byte> Letters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."u8);

    /// <summary>The HTTP status; 0 where the message has none.</summary>
    private static int Code(ReadOnlySpan<byte> message, out int at)
    {
        at = 0;
        foreach (var marker in (ReadOnlySpan<string>)["Error code: ", "HTTP Error "])
        {
            var bytes = System.Text.Encoding.ASCII.GetBytes(marker);
            at = message.IndexOf(bytes) + bytes.Length;
            if (at >= bytes.Length && at + 3 <= message.Length && Utf8Parser.TryParse(message.Slice(at, 3), out int code, out var read)
                && read == 3 && code is >= 100 and < 600)
            {
                return code;
            }
        }

        return 0;
    }
}
