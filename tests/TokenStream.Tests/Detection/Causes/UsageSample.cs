using TokenStream.Detection;

namespace TokenStream.Tests.Detection.Causes;

/// <summary>Usage of a minute as a test says it: requests that are alike, and what a token of each class costs.</summary>
internal sealed record UsageSample
{
    public const long InputPrice = 2_500_000;
    public const long CachedPrice = 250_000;
    public const long OutputPrice = 10_000_000;

    public string Feature { get; init; } = "chat";

    public string Model { get; init; } = "gpt-5";

    public string PromptVersion { get; init; } = "46";

    public string PriceCell { get; init; } = "openai/gpt-5@ever";

    public long Requests { get; init; } = 100;

    /// <summary>Attempts beyond the first, all of them failed.</summary>
    public long Retries { get; init; }

    /// <summary>Whether what failed used the input tokens.</summary>
    public bool AreFailuresBilled { get; init; }

    public long TokensIn { get; init; } = 1_000;

    /// <summary>Of the input, percent.</summary>
    public long Cached { get; init; }

    public bool IsCachedUnknown { get; init; }

    public long TokensOut { get; init; } = 200;

    /// <summary>All prices by this, percent.</summary>
    public long Price { get; init; } = 100;

    public bool IsUnpriced { get; init; }

    public UsageCell ToCell()
    {
        var attempts = Requests + Retries;
        var billed = AreFailuresBilled ? attempts : Requests;
        var (input, output) = (billed * TokensIn, Requests * TokensOut);
        var cached = input * Cached / 100;
        var cell = new UsageCell
        {
            Feature = Feature, Provider = "openai", Model = Model, PromptVersion = PromptVersion, PriceCell = IsUnpriced ? string.Empty : PriceCell,
        };
        cell.Measures.Events = attempts;
        cell.Measures.Requests = Requests;
        cell.Measures.Attempts = attempts;
        cell.Measures.Ok = Requests;
        cell.Measures.Errors = Retries;
        cell.Measures.TokensIn = input;
        cell.Measures.TokensCached = IsCachedUnknown ? 0 : cached;
        cell.Measures.CachedUnknown = IsCachedUnknown ? attempts : 0;
        cell.Measures.TokensOut = output;
        if (IsUnpriced)
        {
            cell.Measures.Unpriced[(int)TokenStream.Pricing.TokenClass.Input] = input - cached;
            cell.Measures.Unpriced[(int)TokenStream.Pricing.TokenClass.CacheRead] = cached;
            cell.Measures.Unpriced[(int)TokenStream.Pricing.TokenClass.Output] = output;
            return cell;
        }

        cell.Measures.CostInput = (Int128)(input - cell.Measures.TokensCached) * InputPrice * Price / 100;
        cell.Measures.CostCacheRead = (Int128)cell.Measures.TokensCached * CachedPrice * Price / 100;
        cell.Measures.CostOutput = (Int128)output * OutputPrice * Price / 100;
        return cell;
    }
}
