using System.Text;
using TokenStream.Events;

namespace TokenStream.Mapping.Otlp;

/// <summary>How spans say that a request ended.</summary>
internal sealed class OtlpResults(OtlpKeys keys)
{
    private const int FirstErrorStatus = 400;

    private readonly int _errorType = keys.Add("error.type");
    private readonly int _exceptionType = keys.AddEventAttribute("exception.type");
    private readonly int[] _httpStatus = keys.AddAll("http.response.status_code", "http.status_code");

    /// <summary>Reads result and error type. A span without an error is ok; whether a stream was left is the dialect's to say.</summary>
    public void Read(in OtlpSpanView span, ref OtlpRequest request)
    {
        var type = span[_errorType];
        var exception = span[_exceptionType];
        var status = span.First(_httpStatus);
        var code = status.Kind == OtlpKind.Integer ? status.Number : 0;
        if (!span.Span.IsFailed && !type.HasText && code < FirstErrorStatus)
        {
            return;
        }

        var what = span.Text(type.IsText ? type : exception);
        request.ErrorType = type.HasText ? type : exception;
        request.Result =
            code is 408 or 504 || Contains(what, "timeout"u8) || Contains(what, "timedout"u8) || Contains(what, "deadline"u8)
                || (type.Kind == OtlpKind.Integer && type.Number is 408 or 504)
                || what.SequenceEqual("408"u8) || what.SequenceEqual("504"u8)
                ? ResultType.Timeout
                : Contains(what, "cancel"u8) || Contains(what, "abort"u8) || Contains(what, "generatorexit"u8) ? ResultType.Cancelled
                : ResultType.Error;
    }

    /// <summary>Whether a text has a word in it, whatever the case of its letters; the word is of small letters.</summary>
    public static bool Contains(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word)
    {
        for (var at = 0; at <= text.Length - word.Length; at++)
        {
            if (Ascii.EqualsIgnoreCase(text.Slice(at, word.Length), word))
            {
                return true;
            }
        }

        return false;
    }
}
