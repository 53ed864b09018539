using FsCheck;
using FsCheck.Fluent;
using TokenStream.Gateway.Throttling;
using Xunit;

namespace TokenStream.Tests.Gateway;

public sealed class TokenBucketTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void Ten_seconds_worth_pass_at_once_and_then_the_rate()
    {
        // 60 a minute is one a second.
        var bucket = new TokenBucket(60, 0);
        Assert.Equal(10, Enumerable.Range(0, 100).Count(_ => bucket.TryTake(1, 0, out long _)));
        Assert.False(bucket.TryTake(1, 0, out var wait));
        Assert.Equal(1, wait);
        Assert.True(bucket.TryTake(1, 1, out _));
        Assert.False(bucket.TryTake(1, Second, out _));
        Assert.True(bucket.TryTake(1, Second + 1, out _));
        Assert.False(bucket.TryTake(1, Second + 1, out _));
    }

    [Fact]
    public void What_is_larger_than_the_bucket_passes_and_is_waited_for()
    {
        var bucket = new TokenBucket(60, 0);
        Assert.True(bucket.TryTake(120, 0, out _));
        Assert.False(bucket.TryTake(1, 0, out var wait));
        Assert.Equal((110 * Second) + 1, wait);
        Assert.False(bucket.TryTake(1, wait - 1, out _));
        Assert.True(bucket.TryTake(1, wait, out _));
    }

    [Fact]
    public void What_was_not_used_comes_back_and_what_was_used_beyond_is_owed()
    {
        var bucket = new TokenBucket(60, 0);
        Assert.True(bucket.TryTake(120, 0, out _));
        bucket.GiveBack(115);
        Assert.Equal(5 * Second, bucket.PaidAt);
        bucket.GiveBack(-30);
        Assert.Equal(35 * Second, bucket.PaidAt);
    }

    [Fact]
    public void Nothing_passes_a_rate_of_nothing() => Assert.False(new TokenBucket(0, 0).TryTake(1, long.MaxValue / 2, out _));

    [Fact]
    public void In_the_long_run_exactly_the_rate_passes_whatever_is_asked() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var rate = random.Next(1, 100_000);
            var largest = random.Next(1, 50_000);
            var bucket = new TokenBucket(rate, 0);
            long now = 0, passed = 0;
            while (now < 3_600 * Second)
            {
                var tokens = random.Next(1, largest + 1);
                passed += bucket.TryTake(tokens, now, out _) ? tokens : 0;
                now += random.Next(1, 2_000_000_000);
            }

            // An hour's rate, the ten seconds at the beginning, and one request that may overdraw.
            Assert.True(passed <= (60L * rate) + (rate / 6) + 1 + largest);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(50));

    [Fact]
    public void Threads_together_pass_no_more_than_one_would()
    {
        var bucket = new TokenBucket(6_000, 0);
        var passed = 0;
        Parallel.For(0, 8, _ =>
        {
            for (var i = 0; i < 1_000; i++)
            {
                if (bucket.TryTake(1, 0, out long _))
                {
                    Interlocked.Increment(ref passed);
                }
            }
        });
        Assert.Equal(1_000, passed);
    }
}
