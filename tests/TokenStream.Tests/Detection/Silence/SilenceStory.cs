using TokenStream.Detection;
using TokenStream.Detection.Silence;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Tests.Detection.Silence;

/// <summary>A tenant's minutes, and what came out.</summary>
internal sealed class SilenceStory
{
    public const string Environment = "prod";
    public const long MinuteMs = 60_000;

    /// <summary>A Monday's midnight.</summary>
    public const long StartMs = 1_700_438_400_000;

    public SilenceBook Book { get; set; } = new(new SilenceOptions());

    public List<Anomaly> Out { get; } = [];

    public int Minute { get; private set; }

    public long NextMs => StartMs + (Minute * MinuteMs);

    public void Take(long events, long blocked = 0, long adjusted = 0, bool isHistory = false, string tenant = "acme")
    {
        Add(tenant, events, blocked, adjusted);
        End(isHistory);
    }

    public void Add(string tenant, long events, long blocked = 0, long adjusted = 0)
    {
        var cell = new UsageCell { Feature = "chat", Provider = "openai", Model = "gpt-5", PromptVersion = "1", PriceCell = "p" };
        cell.Measures = new RollupMeasures
        {
            Events = events, Requests = events, Attempts = events, BlockedBudget = blocked, TimeAdjusted = adjusted, CostInput = (Int128)events * 1_000_000_000,
        };
        Book.Add(new TenantMinute(Environment, tenant, NextMs, events > 0 ? [cell] : []));
    }

    public void Miss(string tenant = "acme")
    {
        Book.Add(new TenantMinute(Environment, tenant, NextMs, [], IsMissing: true));
        End();
    }

    public void End(bool isHistory = false)
    {
        Out.AddRange(Book.EndMinute(NextMs, isHistory));
        Minute++;
    }

    public SilenceBook Restored()
    {
        var buffer = new BlockBuffer();
        Book.Write(buffer);
        var reader = new BlockReader(buffer.Written);
        var book = SilenceBook.Read(ref reader, new SilenceOptions());
        Assert.True(reader.IsAtEnd);
        return book;
    }
}
