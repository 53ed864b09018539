using TokenStream.Detection;
using TokenStream.Detection.Causes;
using Xunit;

namespace TokenStream.Tests.Detection.Causes;

/// <summary>A tenant's usual minutes and then others, and what the book says of those against the usual cost.</summary>
internal sealed class CauseStory(CauseBook book)
{
    public const string Environment = "prod";
    public const string Tenant = "acme";
    public const long MinuteMs = 60_000;

    /// <summary>A midnight.</summary>
    public const long StartMs = 1_700_006_400_000;

    private long _nextMs = StartMs;

    public CauseStory()
        : this(new CauseBook(new CauseOptions()))
    {
    }

    public CauseBook Book { get; set; } = book;

    public long NextMs => _nextMs;

    public static SeriesPath Chat => new(Environment, Tenant, "chat", null);

    public static SeriesPath WholeTenant => new(Environment, Tenant, null, null);

    public Int128 Minutes(int count, params UsageSample[] samples) => Minutes(count, isOpen: false, samples);

    /// <summary>So many minutes that are alike; what they cost together.</summary>
    public Int128 Minutes(int count, bool isOpen, params UsageSample[] samples)
    {
        Int128 cost = 0;
        for (var i = 0; i < count; i++)
        {
            UsageCell[] cells = [.. samples.OrderBy(sample => sample.Feature, StringComparer.Ordinal).Select(sample => sample.ToCell())];
            Book.Add(new TenantMinute(Environment, Tenant, _nextMs, cells));
            Book.EndMinute(_nextMs, _ => isOpen);
            foreach (var cell in cells)
            {
                cost += cell.Measures.Cost;
            }

            _nextMs += MinuteMs;
        }

        return cost;
    }

    /// <summary>Why the last minutes cost what they did and not what was expected.</summary>
    public Cause Explain(int minutes, Int128 cost, Int128 expected, SeriesPath? scope = null)
    {
        var cause = Book.Explain(scope ?? Chat, _nextMs - (minutes * MinuteMs), _nextMs - MinuteMs, cost - expected);
        Assert.NotNull(cause);
        Assert.Equal(cost - expected, cause.Shares.Aggregate((Int128)0, (sum, share) => sum + share.Cost));
        return cause;
    }
}
