namespace TokenStream.Pricing;

/// <summary>
/// What usage without a price is taken to cost at most, by provider and time: the dearest price of each class that any model of the
/// provider, or of those it falls back to, has at the time; else the configured rate.
/// </summary>
internal sealed class UnpricedBounds(PriceBook book, RateSet configured)
{
    private readonly PriceRow.ClassRates _configured = configured.ToRow(book.Units, PricedUsage.NoCell, -1).Rates;

    /// <summary>The bounds of a provider, by any of its names. Slow: callers keep what they get.</summary>
    public UnpricedBound Of(string provider)
    {
        var entries = new List<PriceEntry>();
        if (book.Lookup.FindProvider(provider, trace: null) is { } listed)
        {
            Collect(listed, entries, new HashSet<ProviderPrices>(ReferenceEqualityComparer.Instance));
        }

        var starts = entries.SelectMany(entry => new[] { entry.SinceMs, entry.UntilMs }).Append(long.MinValue)
            .Where(start => start != long.MaxValue).Distinct().OrderDescending().ToArray();
        return new UnpricedBound(starts, Array.ConvertAll(starts, start => At(entries, start)));
    }

    private void Collect(ProviderPrices provider, List<PriceEntry> entries, HashSet<ProviderPrices> seen)
    {
        if (!seen.Add(provider))
        {
            return;
        }

        entries.AddRange(provider.Models.SelectMany(model => model.Prices));
        foreach (var fallback in provider.Fallback)
        {
            if (book.Content.Find(fallback) is { } next)
            {
                Collect(next, entries, seen);
            }
        }
    }

    /// <summary>The dearest rates of the entries that hold at a time.</summary>
    private PriceRow.ClassRates At(List<PriceEntry> entries, long timeMs)
    {
        PriceRow.ClassRates dearest = default;
        foreach (var entry in entries.Where(entry => entry.SinceMs <= timeMs && timeMs < entry.UntilMs))
        {
            foreach (var band in entry.Bands)
            {
                var row = PricePlanner.RatesAt(entry.Bands, band.AboveTokens).ToRow(book.Units, PricedUsage.NoCell, -1);
                for (var tokenClass = 0; tokenClass < PriceRow.ClassRates.Count; tokenClass++)
                {
                    dearest[tokenClass] = Dearer(dearest[tokenClass], row.Rates[tokenClass]);
                }
            }
        }

        for (var tokenClass = 0; tokenClass < PriceRow.ClassRates.Count; tokenClass++)
        {
            dearest[tokenClass] = dearest[tokenClass].IsKnown ? dearest[tokenClass] : _configured[tokenClass];
        }

        return dearest;
    }

    private static Rate Dearer(Rate a, Rate b) =>
        !a.IsKnown || (b.IsKnown && (Int128)b.Numerator * a.Denominator > (Int128)a.Numerator * b.Denominator) ? b : a;
}

/// <summary>The bounds of one provider, by time.</summary>
internal sealed class UnpricedBound
{
    private readonly long[] _starts;
    private readonly PriceRow.ClassRates[] _rates;

    /// <param name="starts">When each of the rates begins to hold, latest first, the last one <c>long.MinValue</c>.</param>
    internal UnpricedBound(long[] starts, PriceRow.ClassRates[] rates) => (_starts, _rates) = (starts, rates);

    /// <summary>
    /// What tokens without a price count at, picodollars, rounded once a class; the tokens that not even a bound is known for are
    /// <paramref name="unbound"/>. Units beside tokens are passed over.
    /// </summary>
    public Int128 Cost(in PerTokenClass unpriced, long timeMs, out long unbound)
    {
        var step = 0;
        while (timeMs < _starts[step])
        {
            step++;
        }

        ref readonly var rates = ref _rates[step];
        (var cost, unbound) = (Int128.Zero, 0);
        for (var tokenClass = 0; tokenClass < PriceRow.ClassRates.Count; tokenClass++)
        {
            var tokens = unpriced[tokenClass];
            if (tokens == 0)
            {
                continue;
            }

            if (rates[tokenClass].IsKnown)
            {
                cost += rates[tokenClass].CostOfSum(tokens);
            }
            else
            {
                unbound += tokens;
            }
        }

        return cost;
    }
}
