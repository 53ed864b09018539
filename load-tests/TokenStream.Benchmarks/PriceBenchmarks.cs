using BenchmarkDotNet.Attributes;
using TokenStream.Events;
using TokenStream.Pricing;

namespace TokenStream.Benchmarks;

/// <summary>Pricing of one decoded event with a plan at hand: what the hot path pays for each.</summary>
[MemoryDiagnoser]
public class PriceBenchmarks
{
    private const long TimeMs = 1_787_313_600_000;

    private readonly byte[] _record = "web_searchesinput_audio_tokens"u8.ToArray();
    private UsageEvent _usage;
    private UsageEvent _withUnits;
    private PricedUsage _result;
    private PricePlan _flat = null!;
    private PricePlan _tiers = null!;
    private PricePlan _contract = null!;
    private PricePlan _units = null!;
    private PricePlan _unknown = null!;

    [GlobalSetup]
    public void Setup()
    {
        var book = PriceBook.Overlay(DefaultPriceBook.Book, PriceBookLoader.Load(
            "name: contract\ndate: 2026-08-21\ncontracts:\n  - {tenant: big, discount: 12.5%}\n", "contract").Book!);
        _flat = book.Plan("small", "openai", "gpt-4o", string.Empty, string.Empty);
        _tiers = book.Plan("small", "anthropic", "claude-opus-4-6", string.Empty, string.Empty);
        _contract = book.Plan("big", "anthropic", "claude-sonnet-4-5", string.Empty, string.Empty);
        _units = book.Plan("small", "google", "gemini-2.5-flash", string.Empty, string.Empty);
        _unknown = book.Plan("small", "nobody", "nothing", string.Empty, string.Empty);
        _usage.TokensIn = 1_523;
        _usage.TokensOut = 310;
        _usage.TokensCached = 1_024;
        _usage.TokensReasoning = 128;
        _withUnits = _usage;
        _withUnits.Units = 2;
        _withUnits.UnitNames[0] = new Utf8Slice(0, 12);
        _withUnits.UnitCounts[0] = 2;
        _withUnits.UnitNames[1] = new Utf8Slice(12, 18);
        _withUnits.UnitCounts[1] = 100;
    }

    [Benchmark(Baseline = true)]
    public bool Flat() => Pricer.TryPrice(in _usage, TimeMs, _flat, _record, default, ref _result);

    [Benchmark]
    public bool Tiers() => Pricer.TryPrice(in _usage, TimeMs, _tiers, _record, default, ref _result);

    [Benchmark]
    public bool Contract() => Pricer.TryPrice(in _usage, TimeMs, _contract, _record, default, ref _result);

    [Benchmark]
    public bool Units() => Pricer.TryPrice(in _withUnits, TimeMs, _units, _record, default, ref _result);

    [Benchmark]
    public bool Unknown() => Pricer.TryPrice(in _usage, TimeMs, _unknown, _record, default, ref _result);
}
