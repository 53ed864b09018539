using System.Globalization;
using TokenStream.Mapping.Sources;

namespace TokenStream.Service.Sources;

/// <summary>The sources of the last hour, and what to set, for people: lines that fit a width.</summary>
internal static class SourcesText
{
    /// <summary>From here on a source is one line of a table, below it is two lines.</summary>
    private const int TableWidth = 132;

    private const int NameWidth = 32;
    private const int SourceWidth = 13;
    private const string Indent = "  ";

    /// <summary>Beginnings that many names share, and what is written for them.</summary>
    private static readonly (string Name, string Short)[] Beginnings =
        [("opentelemetry.instrumentation.", "otel:"), ("openinference.instrumentation.", "openinference:")];

    public static IReadOnlyList<string> Lines(IReadOnlyList<SourceSeen> seen, int width)
    {
        if (seen.Count == 0)
        {
            return ["No source was seen in the last hour.", "", .. ConnectHints.Lines(width)];
        }

        var lines = new List<string>();
        if (width >= TableWidth)
        {
            lines.Add(Row(
                "SOURCE", "EMITTER", "EVENTS", "/S", "EXACT", "BOUND", "ASSUMED", "COUNTED", "UNKNOWN", "FAILED", "REFUSED", "TENANTS"));
        }

        foreach (var source in seen)
        {
            lines.AddRange(width >= TableWidth ? [Cut(Row(source, seen), width)] : Narrow(source, width));
        }

        var advised = seen.Where(source => source.Advice.Count > 0).ToList();
        lines.Add("");
        lines.Add(advised.Count == 0 ? "Everything is exact, and every tenant is named." : "What to set:");
        foreach (var source in advised)
        {
            lines.Add(Cut($"{Indent}{source.Source} {Short(source)}", width));
            foreach (var remark in source.Advice)
            {
                var of = remark.Code.StartsWith("refused:", StringComparison.Ordinal) ? "" : $" of {Number(source.Events)}";
                lines.AddRange(Wrap($"{What(remark.Code)}, {Number(remark.Items)}{of}: {remark.Text}", width, Indent + Indent));
            }
        }

        return lines;
    }

    /// <summary>Words on lines of a width, each behind an indent; a word that is longer has a line of its own.</summary>
    internal static IEnumerable<string> Wrap(string text, int width, string indent)
    {
        var line = "";
        foreach (var word in Plain(text).Split(' '))
        {
            if (line.Length > 0 && indent.Length + line.Length + 1 + word.Length > width)
            {
                yield return indent + line;
                line = "";
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        yield return indent + line;
    }

    private static string Row(SourceSeen source, IReadOnlyList<SourceSeen> seen) => Row(
        source.Source, NameIn(source, seen), Number(source.Events), Rate(source.EventsPerSecond), Share(source.ExactShare),
        Share(source.BoundShare), Share(source.AssumedShare), Share(source.CountedShare), Share(source.UnknownShare),
        Share(source.FailedShare), Number(source.Refused), Tenants(source));

    private static string Row(string source, string name, params ReadOnlySpan<string> cells)
    {
        var row = source.PadRight(SourceWidth) + name.PadRight(NameWidth) + cells[0].PadLeft(11) + cells[1].PadLeft(9);
        foreach (var share in cells[2..^2])
        {
            row += share.PadLeft(8);
        }

        return $"{row}{cells[^2].PadLeft(9)}  {cells[^1]}";
    }

    /// <summary>A name that fits its column; in full where another one would look the same.</summary>
    private static string NameIn(SourceSeen source, IReadOnlyList<SourceSeen> seen)
    {
        var name = InTheMiddle(Short(source));
        return seen.Count(other => other.Source == source.Source && InTheMiddle(Short(other)) == name) > 1 ? Plain(source.Name) : name;
    }

    private static string Short(SourceSeen source)
    {
        var name = Plain(source.Name);
        foreach (var (beginning, written) in Beginnings)
        {
            if (name.StartsWith(beginning, StringComparison.Ordinal))
            {
                return written + name[beginning.Length..];
            }
        }

        return name;
    }

    /// <summary>What is too long is cut in its middle: names differ at their ends.</summary>
    private static string InTheMiddle(string name) => name.Length <= NameWidth
        ? name
        : $"{name[..(NameWidth / 3)]}…{name[^(NameWidth - (NameWidth / 3) - 1)..]}";

    private static IEnumerable<string> Narrow(SourceSeen source, int width)
    {
        yield return Cut($"{source.Source} {Short(source)}", width);
        var sure = string.Join(", ", new[]
        {
            (source.ExactShare, "exact"), (source.BoundShare, "bound"), (source.AssumedShare, "assumed"), (source.CountedShare, "counted"),
            (source.UnknownShare, "unknown"), (source.FailedShare, "failed"),
        }.Where(it => it.Item1 > 0).Select(it => $"{Share(it.Item1)} {it.Item2}"));
        var text = $"{Number(source.Events)} events, {Rate(source.EventsPerSecond)}/s{(sure.Length > 0 ? $": {sure}" : "")}; " +
            $"{Number(source.Refused)} refused; tenants {(source.TenantShares.Count > 0 ? Tenants(source) : "none")}";
        foreach (var line in Wrap(text, width, Indent))
        {
            yield return line;
        }
    }

    private static string Tenants(SourceSeen source)
    {
        var shares = source.TenantShares.Take(3).Select(tenant => $"{Plain(tenant.TenantId)} {Share(tenant.Share)}").ToList();
        return shares.Count == 0 ? "" : $"{Number(source.Tenants)}: {string.Join(", ", shares)}";
    }

    private static string What(string code) => code switch
    {
        SourceAdvice.DefaultTenant => "no tenant",
        SourceAdvice.OmittedTexts => "texts left out",
        _ when code.StartsWith("refused:", StringComparison.Ordinal) => $"refused, {code["refused:".Length..]}",
        _ => code[(code.IndexOf(':', StringComparison.Ordinal) + 1)..],
    };

    /// <summary>What is not all is never written as 100 %, nor what is something as 0 %.</summary>
    private static string Share(double share) => share switch
    {
        <= 0 => "0%",
        < 0.001 => "<0.1%",
        > 0.999 and < 1 => ">99.9%",
        _ => (share * 100).ToString("0.#", CultureInfo.InvariantCulture) + "%",
    };

    private static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Rate(double rate) => rate.ToString(rate < 10 ? "0.00" : "N0", CultureInfo.InvariantCulture);

    private static string Cut(string line, int width) => line.Length <= width ? line : $"{line[..(width - 1)]}…";

    /// <summary>What senders write is shown without what moves a terminal's cursor.</summary>
    private static string Plain(string text) =>
        text.Any(char.IsControl) ? new string([.. text.Select(letter => char.IsControl(letter) ? ' ' : letter)]) : text;
}
