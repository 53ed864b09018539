namespace TokenStream.Pricing;

/// <summary>
/// Makes plans: finds the model's entries, keeps those of the request's tier and region, cuts time where any of them begins or ends, lets
/// the most particular entry win each stretch, and lays the tenant's contract over it. Slow, and done once for each kind of request.
/// </summary>
internal sealed class PricePlanner
{
    private readonly PriceBook _book;
    private readonly PriceRequest _request;
    private readonly List<PriceLookupStep>? _trace;
    private readonly List<PriceRow> _rows = [new PriceRow { Cell = PricedUsage.NoCell, ListRow = -1 }];
    private readonly Dictionary<string, int> _rowsByCell = new(StringComparer.Ordinal);
    private readonly List<PricePlan.Step> _steps = [];
    private bool _isSelfHosted;

    private PricePlanner(PriceBook book, PriceRequest request, List<PriceLookupStep>? trace)
    {
        _book = book;
        _request = request;
        _trace = trace;
    }

    public static PricePlan Plan(PriceBook book, PriceRequest request, List<PriceLookupStep>? trace) =>
        new PricePlanner(book, request, trace).Plan();

    private PricePlan Plan()
    {
        var provider = _book.Lookup.FindProvider(_request.Provider, _trace);
        var found = provider is null ? null : _book.Lookup.FindModel(provider, _request.Model, _trace);
        _isSelfHosted = provider is { IsSelfHosted: true } || found is { Model.IsSelfHosted: true };
        if (_isSelfHosted)
        {
            _trace?.Add(new PriceLookupStep("self-hosted", "what has no price costs nothing"));
        }

        var layers = found is null ? [] : Layers(found.Model);
        var contracts = ContractLookup.Find(_book.Content.Contracts, _request, provider?.Id, found?.Model.Id, _trace);

        var cuts = layers.SelectMany(layer => layer).SelectMany(entry => new[] { entry.SinceMs, entry.UntilMs })
            .Concat(contracts.SelectMany(contract => new[] { contract.SinceMs, contract.UntilMs }))
            .Append(long.MinValue).Append(long.MaxValue)
            .Distinct().Order().ToList();
        for (var index = cuts.Count - 1; index > 0; index--)
        {
            var (since, until) = (cuts[index - 1], cuts[index]);
            var contract = ContractLookup.Best(contracts, since, until);
            AddStretch(since, until, provider, found, Holding(layers, since, until), contract);
        }

        return new PricePlan([.. _rows], [.. _steps], _book.Units);
    }

    /// <summary>
    /// The entries that may apply, the most particular first: those of the tier and region, then those of the tier anywhere.
    /// </summary>
    private List<List<PriceEntry>> Layers(ModelPrices model)
    {
        var tier = _request.PricedTier;
        List<string> tiers = tier.Length > 0 && _book.Content.UnlistedTiers == UnlistedTiers.Standard ? [tier, string.Empty] : [tier];
        List<string> regions = _request.Region.Length > 0 ? [_request.Region, string.Empty] : [string.Empty];
        var layers = tiers.SelectMany(named => regions.Select(region => model.Prices.Where(entry =>
                string.Equals(entry.ServiceTier, named, StringComparison.OrdinalIgnoreCase) &&
                string.Equals(entry.Region, region, StringComparison.OrdinalIgnoreCase)).ToList()))
            .Where(layer => layer.Count > 0).ToList();
        var what = $"prices of {model.Id} for {(tier.Length > 0 ? $"service tier '{tier}'" : "the standard tier")}" +
            (_request.Region.Length > 0 ? $" in region '{_request.Region}'" : string.Empty);
        _trace?.Add(new PriceLookupStep(what, layers.Count > 0 ? $"{layers.Sum(layer => layer.Count)} found" : "none in the book"));
        return layers;
    }

    /// <summary>
    /// The entries that hold over a stretch, in the order they are asked: down to the first for the whole day, since nothing below it can
    /// apply any more.
    /// </summary>
    private static List<PriceEntry> Holding(List<List<PriceEntry>> layers, long since, long until)
    {
        List<PriceEntry> holding = [];
        foreach (var layer in layers)
        {
            var candidates = layer.Where(entry => entry.HoldsDuring(since, until)).ToList();
            holding.AddRange(candidates.Where(entry => !entry.Hours.IsWholeDay));
            if (candidates.Find(entry => entry.Hours.IsWholeDay) is { } wholeDay)
            {
                holding.Add(wholeDay);
                break;
            }
        }

        return holding;
    }

    private void AddStretch(
        long since,
        long until,
        ProviderPrices? provider,
        FoundModel? found,
        List<PriceEntry> entries,
        ContractPrices? contract)
    {
        foreach (var entry in entries)
        {
            var edges = entry.Bands.Concat(contract?.Bands ?? []).Select(band => band.AboveTokens);
            foreach (var above in edges.Append(PriceBand.Everything).Distinct().OrderDescending())
            {
                var row = AddRow(ListCell(found!, entry, Edge(entry.Bands, above)).ToString(), Filled(RatesAt(entry.Bands, above)), -1);
                AddStep(since, until, above, entry.Hours, contract is null ? row : AddContractRow(row, entry, above, contract, found!));
            }
        }

        // A contract prices what the list does not know as well, with the rates it states itself.
        if (contract is not null && contract.Bands.Count > 0 && !entries.Exists(entry => entry.Hours.IsWholeDay))
        {
            foreach (var band in contract.Bands.Reverse())
            {
                var cell = new PriceCell
                {
                    Provider = found?.Provider.Id ?? provider?.Id ?? _request.Provider.ToLowerInvariant(),
                    Model = found?.Model.Id ?? (contract.Model.IsLiteral ? contract.Model.Text : _request.Model.ToLowerInvariant()),
                    SinceMs = contract.SinceMs,
                    Region = contract.Region,
                    ServiceTier = contract.ServiceTier,
                    AboveTokens = band.AboveTokens,
                    ContractTenant = contract.Tenant,
                    ContractSinceMs = contract.SinceMs,
                };
                AddStep(
                    since,
                    until,
                    band.AboveTokens,
                    default,
                    AddRow(cell.ToString(), Filled(RatesAt(contract.Bands, band.AboveTokens)), -1));
            }
        }
        else if (_isSelfHosted && !entries.Exists(entry => entry.Hours.IsWholeDay))
        {
            AddStep(since, until, PriceBand.Everything, default, AddRow(FreeCell(provider!, found, since), RateSet.Free, -1));
        }
    }

    /// <summary>The rates, with those that are not stated free of charge where the model is self-hosted.</summary>
    private RateSet Filled(RateSet rates) => _isSelfHosted ? rates.Over(RateSet.Free) : rates;

    /// <summary>
    /// The cell of what is self-hosted and not listed: with the request's own region and tier, so that it is no listed row's.
    /// </summary>
    private string FreeCell(ProviderPrices provider, FoundModel? found, long since) => new PriceCell
    {
        Provider = found?.Provider.Id ?? provider.Id,
        Model = found?.Model.Id ?? _request.Model.ToLowerInvariant(),
        SinceMs = since,
        Region = _request.Region,
        ServiceTier = _request.PricedTier,
    }.ToString();

    private int AddContractRow(int listRow, PriceEntry entry, long above, ContractPrices contract, FoundModel found)
    {
        var list = Filled(RatesAt(entry.Bands, above));
        var discounted = contract.Factor.IsKnown ? list.Times(contract.Factor) : list;
        var rates = RatesAt(contract.Bands, above).Over(discounted);
        var cell = (ListCell(found, entry, above) with { ContractTenant = contract.Tenant, ContractSinceMs = contract.SinceMs }).ToString();

        // What the list does not price counts on it as what the contract charges, so that list cost and cost stay comparable.
        var filled = list.Over(rates);
        var filledRow = filled.Count == list.Count ? listRow : AddRow($"{cell}|list", filled, -1, PricedUsage.NoCell);
        return AddRow(cell, rates, filledRow);
    }

    private int AddRow(string cell, RateSet rates, int listRow, int? number = null)
    {
        if (!_rowsByCell.TryGetValue(cell, out var row))
        {
            row = _rows.Count;
            _rows.Add(rates.ToRow(_book.Units, number ?? _book.CellOf(cell), listRow));
            _rowsByCell.Add(cell, row);
        }

        return row;
    }

    private void AddStep(long since, long until, long above, DailyHours hours, int row) =>
        _steps.Add(new PricePlan.Step { SinceMs = since, UntilMs = until, AboveTokens = above, Hours = hours, Row = row });

    private static PriceCell ListCell(FoundModel found, PriceEntry entry, long above) => new()
    {
        Provider = found.Provider.Id,
        Model = found.Model.Id,
        SinceMs = entry.SinceMs,
        Region = entry.Region,
        ServiceTier = entry.ServiceTier,
        Hours = entry.Hours,
        AboveTokens = above,
    };

    /// <summary>The rates of requests above an edge: those of the band it lies in, over those of the bands below.</summary>
    public static RateSet RatesAt(IReadOnlyList<PriceBand> bands, long above) =>
        bands.Where(band => band.AboveTokens <= above).Aggregate(RateSet.None, (below, band) => band.Rates.Over(below));

    /// <summary>The lower bound of the band that an edge lies in.</summary>
    private static long Edge(IReadOnlyList<PriceBand> bands, long above) =>
        bands.Select(band => band.AboveTokens).Where(edge => edge <= above).DefaultIfEmpty(PriceBand.Everything).Max();
}
