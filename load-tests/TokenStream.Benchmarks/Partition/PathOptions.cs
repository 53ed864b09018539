using System.Globalization;

namespace TokenStream.Benchmarks.Partition;

/// <summary>What the <c>path</c> command was asked for.</summary>
internal sealed record PathOptions(string File, string? Prices, int Threads, PathWork Work, TimeSpan WarmUp, int Budgets)
{
    /// <exception cref="FormatException">An option is unknown, lacks its value or has a wrong one, or the file is not named.</exception>
    public static PathOptions Parse(string[] args)
    {
        var options = new PathOptions("", null, 1, PathWork.Full, TimeSpan.FromSeconds(5), 0);
        for (var i = 0; i < args.Length; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : throw new FormatException($"{args[i]} lacks its value");
            options = args[i] switch
            {
                "--file" => options with { File = value },
                "--prices" => options with { Prices = value },
                "--threads" => options with { Threads = Number(args[i], value, 1, 64) },
                "--work" => options with { Work = WorkOf(value) },
                "--warm-up" => options with { WarmUp = TimeSpan.FromSeconds(Number(args[i], value, 0, 3600)) },
                "--budgets" => options with { Budgets = Number(args[i], value, 0, 1_000_000) },
                _ => throw new FormatException($"{args[i]} is not an option"),
            };
        }

        return options.File.Length > 0 ? options : throw new FormatException("--file is missing");
    }

    public static string NameOf(PathWork work) => work.ToString().ToLowerInvariant();

    private static PathWork WorkOf(string name) =>
        Enum.GetValues<PathWork>().Where(work => NameOf(work) == name).Select(work => (PathWork?)work).FirstOrDefault()
        ?? throw new FormatException($"--work {name} is none of newlines, sums, full, dedup");

    private static int Number(string option, string value, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{option} {value} is not a number from {least} to {most}"));
}
