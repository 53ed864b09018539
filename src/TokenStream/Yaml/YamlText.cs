using System.Globalization;
using System.Text;

namespace TokenStream.Yaml;

/// <summary>Texts as YAML scalars.</summary>
internal static class YamlText
{
    /// <summary>Plain where YAML could read it as nothing but this text.</summary>
    public static string Quote(string value)
    {
        var plain = value.Length > 0 && char.IsAsciiLetterOrDigit(value[0]) &&
            value.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '_' or '/' or '-');
        return plain ? value : $"\"{Escape(value)}\"";
    }

    private static string Escape(string value)
    {
        var escaped = new StringBuilder();
        foreach (var character in value)
        {
            _ = character switch
            {
                '"' or '\\' => escaped.Append('\\').Append(character),
                < ' ' or '\x7f' or '\x85' or '\u2028' or '\u2029' or '\ufeff' =>
                    escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
                _ => escaped.Append(character),
            };
        }

        return escaped.ToString();
    }
}
