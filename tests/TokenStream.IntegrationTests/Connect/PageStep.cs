namespace TokenStream.IntegrationTests.Connect;

/// <summary>Commands of a page, up to what they must print.</summary>
/// <param name="Line">Where they begin in the page, counted from one.</param>
/// <param name="Script">As a reader would paste them, without what lasts.</param>
/// <param name="Prints">Texts that their output must hold, whatever the blanks between words.</param>
/// <param name="Lasting">Commands among them that run until they are stopped, each in a terminal of its own.</param>
internal sealed record PageStep(int Line, string Script, IReadOnlyList<string> Prints, IReadOnlyList<string> Lasting)
{
    public const string Node = "./tokenstream up";

    private const string Fence = "```";
    private const string Print = "# prints: ";

    private static readonly string[] Lasts = [Node, "./tokenstream gateway-agent", "./tokenstream proxy"];

    /// <summary>What is to be typed on a page, in order: the lines of its <c>sh</c> fences, cut behind each <c># prints:</c>.</summary>
    public static IReadOnlyList<PageStep> Read(string markdown)
    {
        var steps = new List<PageStep>();
        var lines = markdown.Split('\n');
        for (var line = 0; line < lines.Length; line++)
        {
            if (lines[line] != Fence + "sh")
            {
                continue;
            }

            var typed = new List<string>();
            for (line++; lines[line] != Fence; line++)
            {
                if (!lines[line].StartsWith(Print, StringComparison.Ordinal))
                {
                    typed.Add(lines[line]);
                    continue;
                }

                var prints = lines[line..].TakeWhile(text => text.StartsWith(Print, StringComparison.Ordinal))
                    .Select(text => text[Print.Length..]).ToList();
                steps.Add(Of(line, typed, prints));
                line += prints.Count - 1;
                typed.Clear();
            }

            if (typed.Count > 0)
            {
                steps.Add(Of(line, typed, []));
            }
        }

        return steps;
    }

    private static PageStep Of(int end, List<string> typed, IReadOnlyList<string> prints)
    {
        var lasting = typed.Where(
            line => Lasts.Any(command => line == command || line.StartsWith($"{command} ", StringComparison.Ordinal)));
        return new PageStep(end + 1 - typed.Count, string.Join('\n', typed.Except(lasting)), prints, [.. lasting]);
    }
}
