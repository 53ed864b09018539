using System.Globalization;
using System.Text.RegularExpressions;

namespace TokenStream.Chdb.Engine;

/// <summary>An error as ClickHouse reports it: number, name and text, in <c>Code: 60. DB::Exception: text. (UNKNOWN_TABLE)</c>.</summary>
public sealed partial class ChdbException : Exception
{
    private ChdbException(int code, string name, string text)
        : base(text)
    {
        Code = code;
        Name = name;
    }

    /// <summary>ClickHouse's error number; 1002 (UNKNOWN_EXCEPTION) where the engine named none.</summary>
    public int Code { get; }

    /// <summary>The number's name, such as UNKNOWN_TABLE.</summary>
    public string Name { get; }

    /// <summary>An error of our own, in the engine's form.</summary>
    public static ChdbException Of(int code, string name, string sentence) =>
        new(code, name, string.Create(CultureInfo.InvariantCulture, $"Code: {code}. DB::Exception: {sentence} ({name})"));

    /// <summary>
    /// The engine's text, taken apart. Nested errors repeat the prefix, and some texts end in the engine's version: the first number
    /// and the last name count.
    /// </summary>
    public static ChdbException Parse(string text)
    {
        var number = Number().Match(text);
        if (!number.Success || !int.TryParse(number.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var code))
        {
            return Of(1002, "UNKNOWN_EXCEPTION", text);
        }
        var withoutVersion = Version().Replace(text, "");
        var name = Names().Matches(withoutVersion).LastOrDefault()?.Groups[1].Value ?? "UNKNOWN_EXCEPTION";
        return new ChdbException(code, name, withoutVersion);
    }

    [GeneratedRegex(@"^Code: (\d{1,9})\.")]
    private static partial Regex Number();

    [GeneratedRegex(@"\(([A-Z][A-Z0-9_]+)\)")]
    private static partial Regex Names();

    [GeneratedRegex(@" \(version [0-9.]+\)")]
    private static partial Regex Version();
}
