using System.Globalization;
using System.Text;
using System.Xml;

namespace TokenStream.Service.Detecting.Plots;

/// <summary>
/// Writes the few elements of SVG that a plot is made of. Names come from files and are escaped; numbers are short and without culture.
/// </summary>
internal sealed class SvgText
{
    private const int LongestText = 90;

    private readonly StringBuilder _text = new();

    public SvgText(int width, int height, string title, string style)
    {
        Raw($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" ");
        _text.Append("role=\"img\">\n");
        _text.Append("<title>").Append(Escaped(title, int.MaxValue)).Append("</title>\n<style>\n").Append(style).Append("</style>\n");
        Rectangle("page", 0, 0, width, height);
    }

    public void Rectangle(string kind, double x, double y, double width, double height, string? hint = null)
    {
        Raw($"<rect class=\"{kind}\" x=\"{x:0.##}\" y=\"{y:0.##}\" width=\"{width:0.##}\" height=\"{height:0.##}\"");
        End("rect", hint);
    }

    public void Line(string kind, double x1, double y1, double x2, double y2) =>
        Raw($"<line class=\"{kind}\" x1=\"{x1:0.##}\" y1=\"{y1:0.##}\" x2=\"{x2:0.##}\" y2=\"{y2:0.##}\"/>\n");

    public void Dot(string kind, double x, double y, double radius, string? hint = null)
    {
        Raw($"<circle class=\"{kind}\" cx=\"{x:0.##}\" cy=\"{y:0.##}\" r=\"{radius:0.##}\"");
        End("circle", hint);
    }

    /// <param name="kind">Its class in the style.</param>
    /// <param name="steps">Commands of a path, as <see cref="Step"/> makes them.</param>
    public void Path(string kind, StringBuilder steps)
    {
        if (steps.Length > 0)
        {
            _text.Append("<path class=\"").Append(kind).Append("\" d=\"").Append(steps).Append("\"/>\n");
        }
    }

    /// <param name="kind">Its class in the style.</param>
    /// <param name="x">Where its anchor is.</param>
    /// <param name="y">Its base line.</param>
    /// <param name="text">Cut where it is too long to be read.</param>
    /// <param name="turned">Whether it is read from below.</param>
    public void Text(string kind, double x, double y, string text, bool turned = false)
    {
        Raw($"<text class=\"{kind}\" x=\"{x:0.##}\" y=\"{y:0.##}\"");
        if (turned)
        {
            Raw($" transform=\"rotate(-90 {x:0.##} {y:0.##})\"");
        }

        _text.Append('>').Append(Escaped(text, LongestText)).Append("</text>\n");
    }

    public static void Step(StringBuilder steps, char command, double x, double y) =>
        steps.Append(CultureInfo.InvariantCulture, $"{command}{x:0.#} {y:0.#}");

    public override string ToString() => _text + "</svg>\n";

    /// <summary>Text that is XML whatever it was: what XML cannot hold becomes a question mark.</summary>
    internal static string Escaped(string text, int longest)
    {
        var escaped = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (i >= longest)
            {
                return escaped.Append("..").ToString();
            }

            var next = text[i];
            if (i + 1 < text.Length && char.IsSurrogatePair(next, text[i + 1]))
            {
                escaped.Append(next).Append(text[++i]);
                continue;
            }

            _ = next switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&quot;"),
                _ => escaped.Append(XmlConvert.IsXmlChar(next) ? next : '?'),
            };
        }

        return escaped.ToString();
    }

    private void End(string element, string? hint)
    {
        if (hint is null)
        {
            _text.Append("/>\n");
        }
        else
        {
            _text.Append("><title>").Append(Escaped(hint, int.MaxValue)).Append("</title></").Append(element).Append(">\n");
        }
    }

    private void Raw(FormattableString text) => _text.Append(text.ToString(CultureInfo.InvariantCulture));
}
