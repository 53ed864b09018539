using System.Globalization;
using System.Text;

namespace TokenStream.LoadGenerator;

/// <summary>
/// What a stream must make of the generated events, added up from the drawn values, so that no decoder is involved. Its prices are its own
/// book (<see cref="PriceBook"/>): whole numbers of picodollars a token, so nothing is rounded.
/// </summary>
internal sealed class ExpectedTotals(long windowMs)
{
    private readonly Dictionary<(long Window, int Tenant, int Feature, int Model, int Environment, int PromptVersion), long> _groups = [];
    private long _events;
    private long _duplicates;
    private Int128 _cost;
    private Int128 _tokensIn;
    private Int128 _tokensOut;
    private Int128 _tokensCached;
    private Int128 _tokensCacheWrite5m;
    private Int128 _tokensReasoning;

    public void Add(in DrawnEvent e)
    {
        _events++;
        _tokensIn += e.TokensIn;
        _tokensOut += e.TokensOut;
        _tokensCached += e.TokensCached;
        _tokensCacheWrite5m += e.TokensCacheWrite5m;
        _tokensReasoning += e.TokensReasoning;
        var unit = PicodollarsAToken(e.Model);
        _cost += (Int128)(e.TokensIn - e.TokensCached - e.TokensCacheWrite5m) * unit * 10;
        _cost += (Int128)e.TokensCached * unit;
        _cost += (Int128)e.TokensCacheWrite5m * unit * 12;
        _cost += (Int128)e.TokensOut * unit * 40;
        var key = (e.TimeMs - (e.TimeMs % windowMs), e.Tenant, e.Feature, e.Model, e.Environment, e.PromptVersion);
        _groups[key] = _groups.GetValueOrDefault(key) + 1;
    }

    public void AddDuplicate() => _duplicates++;

    public string ToJson()
    {
        var squares = _groups.Values.Aggregate(Int128.Zero, (sum, count) => sum + ((Int128)count * count));
        return Format(
            $$"""
            {"events":{{_events + _duplicates}},"duplicates":{{_duplicates}},"totals":{"n":{{_events}},"tokens_in":{{_tokensIn}},
            "tokens_out":{{_tokensOut}},"tokens_cached":{{_tokensCached}},"tokens_cache_write_5m":{{_tokensCacheWrite5m}},"tokens_cache_write_1h":0,
            "tokens_reasoning":{{_tokensReasoning}},"cost":{{_cost}},"groups":{{_groups.Count}},"n2":{{squares}} } }

            """);
    }

    /// <summary>The book in which the expected cost was computed.</summary>
    public static string PriceBook()
    {
        var book = new StringBuilder("name: load-test\ndate: 2026-01-01\nsource: \"made up for load tests\"\ncurrency: USD\nproviders:\n");
        foreach (var provider in Enumerable.Range(0, EventMix.Models).GroupBy(EventWriter.Provider))
        {
            book.Append(Format($"  {provider.Key}:\n    models:\n"));
            foreach (var model in provider)
            {
                // A picodollar a token is a millionth of a dollar a million tokens.
                var unit = PicodollarsAToken(model) / 1_000_000m;
                book.Append(Format($"      \"{EventWriter.Model(model)}\":\n        prices:\n"));
                book.Append(Format(
                    $"          - {{input: {unit * 10}, cached_input: {unit}, cache_write_5m: {unit * 12}, output: {unit * 40}, reasoning: {unit * 40}}}\n"));
            }
        }

        return book.ToString();
    }

    private static long PicodollarsAToken(int model) => 25_000L * (model + 1);

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
