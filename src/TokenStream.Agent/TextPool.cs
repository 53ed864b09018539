using System.Text;
using System.Text.Json;

namespace TokenStream.Agent;

/// <summary>
/// Texts that come again and again, such as tenants and models, made into strings once. Of bounded size: a text that shares the place of
/// another one replaces it. For any number of threads.
/// </summary>
internal sealed class TextPool
{
    private const int Places = 8_192;
    private const uint HashStart = 2_166_136_261;
    private const uint HashFactor = 16_777_619;

    private readonly string?[] _texts = new string?[Places];

    /// <summary>The string at the reader.</summary>
    public string Text(ref Utf8JsonReader reader) =>
        reader.HasValueSequence || reader.ValueIsEscaped || !Ascii.IsValid(reader.ValueSpan) ? reader.GetString()! : Text(reader.ValueSpan);

    private string Text(ReadOnlySpan<byte> ascii)
    {
        var hash = HashStart;
        foreach (var letter in ascii)
        {
            hash = unchecked((hash ^ letter) * HashFactor);
        }

        ref var place = ref _texts[hash % Places];
        return place is { } known && Ascii.Equals(ascii, known) ? known : place = Encoding.ASCII.GetString(ascii);
    }
}
