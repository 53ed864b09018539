using TokenStream.Chdb.Supervision;
using Xunit;

namespace TokenStream.Tests.Chdb;

public sealed class RestartBackOffTests
{
    [Fact]
    public void Each_short_run_doubles_the_wait_up_to_its_bound()
    {
        var backOff = new RestartBackOff();

        var waits = Enumerable.Range(0, 10).Select(_ => backOff.After(TimeSpan.FromSeconds(1)).TotalSeconds).ToArray();

        Assert.Equal([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30], waits);
    }

    [Fact]
    public void A_run_of_a_minute_begins_again_with_the_shortest_wait()
    {
        var backOff = new RestartBackOff();
        for (var run = 0; run < 10; run++)
        {
            backOff.After(TimeSpan.FromSeconds(59.9));
        }

        Assert.Equal(TimeSpan.FromSeconds(0.2), backOff.After(TimeSpan.FromSeconds(60)));
        Assert.Equal(TimeSpan.FromSeconds(0.4), backOff.After(TimeSpan.Zero));
    }
}
