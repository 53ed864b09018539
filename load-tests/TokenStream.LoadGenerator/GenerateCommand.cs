using System.CommandLine;

namespace TokenStream.LoadGenerator;

/// <summary><c>generate</c>: a file of events, the totals they must come to, and the price book of their cost.</summary>
internal static class GenerateCommand
{
    /// <summary>2026-03-01T12:00:00Z.</summary>
    private const long StartMs = 1_772_366_400_000;

    private const long WindowMs = 10_000;

    public static Command Create()
    {
        var events = new Option<long>("--events") { Description = "Records to write, repeats included.", DefaultValueFactory = _ => 1_000_000 };
        var seed = new Option<int>("--seed") { Description = "The same seed writes the same file.", DefaultValueFactory = _ => 1 };
        var tenants = new Option<int>("--tenants") { Description = "Tenants, by Zipf's law.", DefaultValueFactory = _ => 200 };
        var perSecond = new Option<double>("--per-second") { Description = "Events a second of stream time.", DefaultValueFactory = _ => 40_000 };
        var file = new Option<FileInfo>("--out") { Description = "The events, one a line.", Required = true };
        var totals = new Option<FileInfo?>("--totals") { Description = "What they must come to, JSON." };
        var prices = new Option<FileInfo?>("--prices") { Description = "The price book that the totals' cost is computed in, YAML." };
        var command = new Command("generate", "Write seeded events and the exact totals a stream must make of them.")
        {
            events, seed, tenants, perSecond, file, totals, prices,
        };
        command.SetAction(parsed =>
        {
            var generation = new Generation(
                parsed.GetValue(seed), parsed.GetValue(tenants), StartMs, parsed.GetValue(perSecond), $"g{parsed.GetValue(seed)}");
            var expected = Write(generation, parsed.GetValue(events), parsed.GetValue(file)!);
            if (parsed.GetValue(totals) is { } totalsFile)
            {
                File.WriteAllText(totalsFile.FullName, expected.ToJson());
            }

            if (parsed.GetValue(prices) is { } pricesFile)
            {
                File.WriteAllText(pricesFile.FullName, ExpectedTotals.PriceBook());
            }
        });
        return command;
    }

    private static ExpectedTotals Write(Generation generation, long events, FileInfo file)
    {
        var expected = new ExpectedTotals(WindowMs);
        using var stream = new FileStream(file.FullName, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 1 << 20);
        for (var i = 0L; i < events; i++)
        {
            stream.Write(generation.Next(expected).Record);
            stream.WriteByte((byte)'\n');
        }

        return expected;
    }
}
