using System.Globalization;
using System.Text;

namespace TokenStream.Scopes;

/// <summary>
/// The text of scopes: <c>dimension=value</c> joined by <c>;</c>. In values the characters <c>% ; = | * &lt; &gt;</c>, blanks and control
/// characters are written as <c>%</c> and two hexadecimal digits of each UTF-8 byte; a star that is not is a wildcard.
/// </summary>
internal static class ScopeText
{
    private const string EachText = "<each>";
    private const string Escaped = "%;=|*<>";

    private static readonly string[] Names = [.. Enum.GetNames<ScopeDimension>().Select(name => name.ToLowerInvariant())];

    public static string Write(ScopeTerm[] terms, string everything)
    {
        var text = new StringBuilder();
        for (var i = 0; i < terms.Length; i++)
        {
            if (terms[i].Kind == ScopeTermKind.Any)
            {
                continue;
            }

            text.Append(text.Length > 0 ? ";" : "").Append(Names[i]).Append('=');
            if (terms[i].Kind == ScopeTermKind.Each)
            {
                text.Append(EachText);
            }
            else
            {
                Escape(text, terms[i].Text, keepStars: terms[i].Kind == ScopeTermKind.Glob);
            }
        }

        return text.Length > 0 ? text.ToString() : everything;
    }

    /// <summary>False with a sentence that completes "'text' ..".</summary>
    public static bool TryRead(string text, out ScopeTerm[] terms, out string error)
    {
        terms = new ScopeTerm[Scope.Dimensions];
        foreach (var part in text.Split(';'))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var dimension = equals < 0 ? -1 : Array.IndexOf(Names, part[..equals]);
            if (dimension < 0)
            {
                error = $"has '{part}', which is not dimension=value; dimensions are {string.Join(", ", Names)}";
                return false;
            }

            var value = part[(equals + 1)..];
            if (value.Length == 0 || terms[dimension].Kind != ScopeTermKind.Any)
            {
                error = value.Length == 0 ? $"gives '{Names[dimension]}' no value" : $"names '{Names[dimension]}' twice";
                return false;
            }

            if (!TryUnescape(value, out var plain))
            {
                error = $"has a broken escape in '{part}'";
                return false;
            }

            terms[dimension] = value == EachText
                ? ScopeTerm.Each
                : new ScopeTerm(value.Contains('*', StringComparison.Ordinal) ? ScopeTermKind.Glob : ScopeTermKind.Exact, plain);
        }

        error = "";
        return true;
    }

    private static void Escape(StringBuilder text, string value, bool keepStars)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in value.EnumerateRunes())
        {
            var special = rune.IsAscii &&
                (rune.Value <= ' ' || rune.Value == 127 || Escaped.Contains((char)rune.Value, StringComparison.Ordinal));
            if (!special || (keepStars && rune.Value == '*'))
            {
                text.Append(rune.ToString());
                continue;
            }

            foreach (var one in bytes[..rune.EncodeToUtf8(bytes)])
            {
                text.Append(CultureInfo.InvariantCulture, $"%{one:X2}");
            }
        }
    }

    private static bool TryUnescape(string value, out string plain)
    {
        var text = new StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] != '%')
            {
                text.Append(value[i]);
                continue;
            }

            if (i + 2 >= value.Length ||
                !byte.TryParse(value.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var one) ||
                one > 127)
            {
                plain = "";
                return false;
            }

            text.Append((char)one);
            i += 2;
        }

        plain = text.ToString();
        return true;
    }
}
