using System.Globalization;
using System.Text;
using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Pricing;

namespace TokenStream.Service.Commands;

/// <summary>Writes for people what one item of a payload became.</summary>
internal static class InspectionText
{
    private const int NameWidth = 22;

    /// <summary>False where the item was refused, by the mapper or by the stream.</summary>
    public static bool Write(TextWriter output, MappedEvents events, int item, PriceBook book)
    {
        var mapped = events[item];
        var number = (item + 1).ToString(CultureInfo.InvariantCulture);
        output.WriteLine();
        if (!mapped.IsEvent)
        {
            var path = mapped.Error.Path.Length > 0 ? $" {mapped.Error.Path}:" : "";
            var offset = mapped.Error.Offset.ToString(CultureInfo.InvariantCulture);
            output.WriteLine($"{number}. refused:{path} {mapped.Error.Reason.Name()} at byte {offset}. {mapped.Error.Describe()}");
            return false;
        }

        output.WriteLine($"{number}. {Encoding.UTF8.GetString(events.Event(item))}");
        output.WriteLine();
        var fields = events.Trace!.Fields.Where(field => field.Item == item).ToList();
        foreach (var field in fields.Where(field => field.Value.Length > 0))
        {
            output.WriteLine($"   {field.Name.PadRight(NameWidth)} {field.Value}   ({field.From})");
        }

        foreach (var field in fields.Where(field => field.Value.Length == 0))
        {
            output.WriteLine($"   {field.Name.PadRight(NameWidth)} unknown   ({field.From})");
        }

        if (mapped.IsTenantDefault)
        {
            output.WriteLine("   No path to a tenant has a value, so that the default is taken.");
        }

        return WritePrice(output, events.Event(item), book);
    }

    private static bool WritePrice(TextWriter output, ReadOnlySpan<byte> record, PriceBook book)
    {
        var decoder = new EventDecoder([]);
        UsageEvent usage = default;
        if (!decoder.TryDecode(record, ref usage, out var error))
        {
            output.WriteLine($"   The stream would refuse it: {error}. {error.Describe()}");
            return false;
        }

        if (PriceDerivation.Derive(book, Question(record, decoder, in usage)) is not { } derivation)
        {
            output.WriteLine("   The cost leaves its range; the stream would refuse it as cost_out_of_range.");
            return false;
        }

        foreach (var line in PriceDerivationText.Render(derivation).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            output.WriteLine($"   {line}");
        }

        if (usage.IsAvoided)
        {
            output.WriteLine("   The gateway's own cache answered: this cost is avoided, not spent.");
        }
        else if (usage.Completeness == Completeness.Estimated)
        {
            output.WriteLine("   The counts are an estimate, or unknown: the true cost may be another.");
        }

        return true;
    }

    private static PriceQuestion Question(ReadOnlySpan<byte> record, EventDecoder decoder, in UsageEvent usage)
    {
        var units = new List<KeyValuePair<string, long>>();
        for (var unit = 0; unit < usage.Units; unit++)
        {
            units.Add(KeyValuePair.Create(Text(record, decoder, usage.UnitNames[unit]), usage.UnitCounts[unit]));
        }

        return new PriceQuestion
        {
            Tenant = Text(record, decoder, usage.TenantId),
            Provider = Text(record, decoder, usage.Provider),
            Model = Text(record, decoder, usage.Model),
            Region = Text(record, decoder, usage.Region),
            ServiceTier = Text(record, decoder, usage.ServiceTier),
            TimeMs = usage.TimeMs,
            TokensIn = usage.TokensIn,
            TokensOut = usage.TokensOut,
            TokensCached = usage.TokensCached,
            TokensCacheWrite5m = usage.TokensCacheWrite5m,
            TokensCacheWrite1h = usage.TokensCacheWrite1h,
            TokensReasoning = usage.TokensReasoning,
            Units = units,
        };
    }

    private static string Text(ReadOnlySpan<byte> record, EventDecoder decoder, Utf8Slice slice) =>
        Encoding.UTF8.GetString(decoder.Text(record, slice));
}
