using System.CommandLine;
using System.Globalization;
using System.IO.Compression;
using TokenStream.Events;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream check-events</c>: would the stream accept these events, and if not, why.</summary>
internal static class CheckEventsCommand
{
    internal static Command Create()
    {
        var file = new Argument<string>("file")
        {
            Description = "Events, one JSON object a line; gzip where the name ends in .gz; - for standard input.",
        };
        var labels = new Option<string[]>("--label")
        {
            Description = "A label key that is configured as a dimension; may be repeated, at most 4 times.",
        };
        var most =
            new Option<int>("--max-errors") { Description = "Most errors to print; all are counted.", DefaultValueFactory = _ => 100 };
        var command = new Command(
            "check-events",
            """
            Print line, column, field and reason of every event of a file that would be refused; exit code 1 where there is one, 2 where the
            file cannot be read.
            Example: tokenstream check-events events.jsonl
            """) { file, labels, most };
        command.SetAction(
            parsed => Check(parsed.GetValue(file)!, parsed.GetValue(labels) ?? [], parsed.GetValue(most), Console.Out, Console.Error));
        return command;
    }

    internal static int Check(string file, string[] labels, int most, TextWriter output, TextWriter errors)
    {
        try
        {
            using var stream = Open(file);
            var printed = 0;
            var lines = new EventChecker(labels).Check(
                stream,
                refused =>
                {
                    if (printed++ < most)
                    {
                        output.WriteLine(Sentence(file, refused));
                    }
                });
            Summarise(lines, printed - most, output);
            return lines.RefusedLines == 0 ? 0 : 1;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException or ArgumentException)
        {
            errors.WriteLine($"{file} cannot be checked: {failure.Message}");
            return 2;
        }
    }

    private static Stream Open(string file)
    {
        if (file == "-")
        {
            return Console.OpenStandardInput();
        }

        var stream = File.OpenRead(file);
        return file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(stream, CompressionMode.Decompress) : stream;
    }

    private static string Sentence(string file, RefusedLine refused)
    {
        var field = refused.Error.FieldName.Length > 0 ? $"{refused.Error.FieldName}: " : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{file}:{refused.Line}:{refused.Column}: {field}{refused.Error.Reason.Name()}: {refused.Error.Describe()}");
    }

    private static void Summarise(CheckedLines lines, int untold, TextWriter output)
    {
        if (untold > 0)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $".. and {untold} more errors (--max-errors)."));
        }

        var accepted = lines.Requests + lines.Adjustments + lines.Ticks;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{accepted} accepted ({lines.Requests} requests, {lines.Adjustments} adjustments, {lines.Ticks} ticks), " +
            $"{lines.RefusedLines} refused."));
        foreach (var (reason, count) in lines.Refused)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {reason.Name()}: {count}"));
        }
    }
}
