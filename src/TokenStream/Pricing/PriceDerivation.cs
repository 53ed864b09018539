using System.Globalization;
using System.Text;
using TokenStream.Events;

namespace TokenStream.Pricing;

/// <summary>A use of a model whose price is asked for: what an event would say, by name.</summary>
public sealed record PriceQuestion
{
    public string Tenant { get; init; } = string.Empty;

    public required string Provider { get; init; }

    public required string Model { get; init; }

    public string Region { get; init; } = string.Empty;

    public string ServiceTier { get; init; } = string.Empty;

    /// <summary>When the usage became known; milliseconds since the Unix epoch.</summary>
    public required long TimeMs { get; init; }

    public long TokensIn { get; init; }

    public long TokensOut { get; init; }

    public long TokensCached { get; init; }

    public long TokensCacheWrite5m { get; init; }

    public long TokensCacheWrite1h { get; init; }

    public long TokensReasoning { get; init; }

    /// <summary>At most <see cref="UsageEvent.MaxUnits"/>.</summary>
    public IReadOnlyList<KeyValuePair<string, long>> Units { get; init; } = [];
}

/// <summary>
/// One class or unit of a price: its cost is count times rate, rounded half to even; 0 and meaningless where the rate is unknown.
/// </summary>
public sealed record PriceLine(string What, long Count, Rate Rate, bool IsTokens, long Cost);

/// <summary>
/// How a price came about: what was looked up where, which row applied, and the arithmetic of every class. Made by the same code that
/// prices events, so it cannot tell another story.
/// </summary>
public sealed record PriceDerivation
{
    private PriceDerivation()
    {
    }

    public required PriceQuestion Question { get; init; }

    public required PriceBook Book { get; init; }

    public required IReadOnlyList<PriceLookupStep> Steps { get; init; }

    /// <summary>The cell of the row that applied; empty where nothing did.</summary>
    public required string Cell { get; init; }

    public required IReadOnlyList<PriceLine> Lines { get; init; }

    /// <summary>Picodollars.</summary>
    public required long TotalCost { get; init; }

    /// <summary>Picodollars at list prices.</summary>
    public required long ListCost { get; init; }

    public bool IsPriced => Cell.Length > 0;

    /// <summary>Derives a price; null where it leaves the range of picodollars, as an event is then refused.</summary>
    /// <exception cref="ArgumentException">More units than an event can have.</exception>
    public static PriceDerivation? Derive(PriceBook book, PriceQuestion question)
    {
        List<PriceLookupStep> steps = [];
        var request = new PriceRequest(question.Tenant, question.Provider, question.Model, question.Region, question.ServiceTier);
        var plan = PricePlanner.Plan(book, request, steps);
        var usage = Event(question, out var record);
        List<UnitCharge> charges = [];
        PricedUsage result = default;
        if (!Pricer.TryPrice(in usage, question.TimeMs, plan, record, default, ref result, charges))
        {
            return null;
        }

        ref readonly var row = ref plan.At(question.TimeMs, Math.Abs(usage.TokensIn));
        var cell = book.CellId(result.Cell);
        var when = PriceCell.Time(question.TimeMs);
        steps.Add(new PriceLookupStep(
            string.Create(CultureInfo.InvariantCulture, $"row at {when} for {usage.TokensIn} input tokens"),
            cell.Length > 0 ? cell : "no price holds then"));
        return new PriceDerivation
        {
            Question = question,
            Book = book,
            Steps = steps,
            Cell = cell,
            Lines = LinesOf(in result, in row, charges),
            TotalCost = result.TotalCost,
            ListCost = result.ListCost,
        };
    }

    private static List<PriceLine> LinesOf(in PricedUsage result, ref readonly PriceRow row, List<UnitCharge> charges)
    {
        List<PriceLine> lines = [];
        for (var tokenClass = 0; tokenClass < PriceRow.ClassRates.Count; tokenClass++)
        {
            if (result.Tokens[tokenClass] != 0)
            {
                var rate = row.Rates[tokenClass];
                lines.Add(
                    new PriceLine(RateSet.ClassKeys[tokenClass], result.Tokens[tokenClass], rate, IsTokens: true, result.Cost[tokenClass]));
            }
        }

        foreach (var charge in charges)
        {
            var cost = 0L;
            _ = charge.Rate.IsKnown && charge.Rate.TryCost(charge.Count, out cost);
            lines.Add(
                new PriceLine(charge.Unit, charge.Count, charge.Rate, charge.Unit.EndsWith("_tokens", StringComparison.Ordinal), cost));
        }

        return lines;
    }

    private static UsageEvent Event(PriceQuestion question, out byte[] record)
    {
        if (question.Units.Count > UsageEvent.MaxUnits)
        {
            throw new ArgumentException($"An event has at most {UsageEvent.MaxUnits} units, not {question.Units.Count}.", nameof(question));
        }

        UsageEvent usage = default;
        usage.TokensIn = question.TokensIn;
        usage.TokensOut = question.TokensOut;
        usage.TokensCached = question.TokensCached;
        usage.TokensCacheWrite5m = question.TokensCacheWrite5m;
        usage.TokensCacheWrite1h = question.TokensCacheWrite1h;
        usage.TokensReasoning = question.TokensReasoning;
        List<byte> bytes = [];
        foreach (var (unit, count) in question.Units)
        {
            var name = Encoding.UTF8.GetBytes(unit);
            usage.UnitNames[usage.Units] = new Utf8Slice(bytes.Count, name.Length);
            usage.UnitCounts[usage.Units] = count;
            usage.Units++;
            bytes.AddRange(name);
        }

        record = [.. bytes];
        return usage;
    }
}
