using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Tests.Windowing;

public sealed class HistogramScaleTests
{
    [Fact]
    public void Values_up_to_127_have_a_bucket_each()
    {
        for (var value = 0; value <= 127; value++)
        {
            Assert.Equal(value, HistogramScale.Bucket(value));
            Assert.Equal(value, HistogramScale.LowerBound(value));
            Assert.Equal(value, HistogramScale.Middle(value));
        }

        Assert.Equal(0, HistogramScale.Bucket(-1));
        Assert.Equal(0, HistogramScale.Bucket(long.MinValue));
    }

    [Fact]
    public void Every_bucket_begins_at_its_lower_bound_and_ends_before_the_next()
    {
        for (var bucket = 0; bucket < HistogramScale.BucketCount; bucket++)
        {
            var lower = HistogramScale.LowerBound(bucket);
            Assert.Equal(bucket, HistogramScale.Bucket(lower));
            if (bucket > 0)
            {
                Assert.Equal(bucket - 1, HistogramScale.Bucket(lower - 1));
            }
        }

        Assert.Equal(HistogramScale.BucketCount - 1, HistogramScale.Bucket(long.MaxValue));
    }

    [Fact]
    public void The_middle_of_a_bucket_is_within_a_128th_of_all_its_values()
    {
        for (var bucket = 128; bucket < HistogramScale.BucketCount; bucket++)
        {
            var lower = HistogramScale.LowerBound(bucket);
            var upper = bucket + 1 < HistogramScale.BucketCount ? HistogramScale.LowerBound(bucket + 1) - 1 : long.MaxValue;
            var middle = HistogramScale.Middle(bucket);
            Assert.InRange(middle, lower, (double)upper);
            Assert.InRange(Math.Max(middle - lower, upper - middle) / lower, 0, 1 / 128.0);
        }
    }
}
