using TokenStream.Events;
using TokenStream.Pricing;

namespace TokenStream.Incidents;

/// <summary>A model that requests of the fleet go to, at the prices of the book that ships with the product.</summary>
internal sealed class FleetModel
{
    private const int Million = 1_000_000;

    private FleetModel(string provider, string name)
    {
        (Provider, Name) = (provider, name);
        Plan = DefaultPriceBook.Book.Plan(string.Empty, provider, name, string.Empty, string.Empty);
        Input = UsdPerToken(Plan, TokenClass.Input);
        CacheRead = UsdPerToken(Plan, TokenClass.CacheRead);
        Output = UsdPerToken(Plan, TokenClass.Output);
    }

    public static FleetModel Haiku { get; } = new("anthropic", "claude-haiku-4-5");

    public static FleetModel Sonnet { get; } = new("anthropic", "claude-sonnet-4-0");

    public static FleetModel Opus { get; } = new("anthropic", "claude-opus-4-1");

    /// <summary>Used by nobody but the tenant whose price goes wrong.</summary>
    public static FleetModel Lone { get; } = new("anthropic", "claude-3-7-sonnet-latest");

    public static FleetModel Mini { get; } = new("openai", "gpt-5-mini");

    public static FleetModel Gpt { get; } = new("openai", "gpt-5");

    public static IReadOnlyList<FleetModel> Usual { get; } = [Haiku, Sonnet, Mini, Gpt];

    public string Provider { get; }

    public string Name { get; }

    public PricePlan Plan { get; }

    /// <summary>US dollars a token, for sizing; what is booked is priced by the product.</summary>
    public double Input { get; }

    public double CacheRead { get; }

    public double Output { get; }

    /// <summary>The book in which a mistake makes this model so many times as dear.</summary>
    public PriceBook Mistaken(double factor)
    {
        var (input, cached, output) = (PerMillion(Input * factor), PerMillion(CacheRead * factor), PerMillion(Output * factor));
        var text = FormattableString.Invariant(
            $$"""
            name: mistaken
            date: 2026-03-01
            source: "a mistake"
            currency: USD
            providers:
              {{Provider}}:
                models:
                  "{{Name}}":
                    prices:
                      - {input: {{input}}, cached_input: {{cached}}, output: {{output}}}
            """);
        var load = PriceBookLoader.Load(text, "mistaken.yaml");
        var book = load.Book ?? throw new FormatException(string.Join('\n', load.Errors.Select(error => error.ToString())));
        return PriceBook.Overlay(DefaultPriceBook.Book, book);
    }

    private static decimal PerMillion(double usdPerToken) => Math.Round((decimal)(usdPerToken * Million), 6) / 1.000000m;

    private static double UsdPerToken(PricePlan plan, TokenClass tokenClass)
    {
        const int Tokens = 1_000;
        var usage = new UsageEvent
        {
            TokensIn = tokenClass == TokenClass.Output ? 0 : Tokens,
            TokensCached = tokenClass == TokenClass.CacheRead ? Tokens : 0,
            TokensOut = tokenClass == TokenClass.Output ? Tokens : 0,
        };
        var priced = default(PricedUsage);
        if (!Pricer.TryPrice(usage, 0, plan, default, default, ref priced) || priced.TotalCost <= 0)
        {
            throw new InvalidOperationException("the price book that ships knows no price of a model of the fleet");
        }

        return priced.TotalCost / (double)Picodollars.PerUsd / Tokens;
    }
}
