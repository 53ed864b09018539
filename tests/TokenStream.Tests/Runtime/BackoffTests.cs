using TokenStream.Runtime;
using Xunit;

namespace TokenStream.Tests.Runtime;

public sealed class BackoffTests
{
    [Fact]
    public void Waits_double_to_half_a_minute_and_are_shortened_by_at_most_half()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var backoff = new Backoff(new Random(seed));
            for (var (failure, longest) = (0, 100L); failure < 100; failure++, longest = Math.Min(30_000, longest * 2))
            {
                Assert.InRange(backoff.Failed(), longest / 2, longest);
            }
        }
    }

    [Fact]
    public void Success_begins_anew()
    {
        var backoff = new Backoff(new Random(1));
        for (var i = 0; i < 20; i++)
        {
            backoff.Failed();
        }

        backoff.Succeeded();
        Assert.InRange(backoff.Failed(), 50, 100);
    }

    [Fact]
    public void Clients_that_failed_together_do_not_come_back_together()
    {
        var waits = Enumerable.Range(0, 50).Select(seed => new Backoff(new Random(seed)).Failed()).Distinct();
        Assert.True(waits.Count() > 10);
    }
}
