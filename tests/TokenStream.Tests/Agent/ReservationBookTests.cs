using System.Globalization;
using TokenStream.Agent;
using TokenStream.Gateway;
using Xunit;

namespace TokenStream.Tests.Agent;

public sealed class ReservationBookTests
{
    private const int Most = 40;
    private const long LifetimeMs = 1_000;

    [Fact]
    public void It_holds_what_a_list_in_order_of_time_would_hold()
    {
        var seeds = Enumerable.Range(1, 60);
        Assert.All(seeds, seed =>
        {
            var random = new Random(seed);
            var book = new ReservationBook(Most, TimeSpan.FromMilliseconds(LifetimeMs));
            var model = new List<(string Name, string Request, long EndsMs)>();
            var nowMs = 0L;
            for (var step = 0; step < 600; step++)
            {
                nowMs += random.Next(20);
                switch (random.Next(4))
                {
                    case 0 or 1:
                        var request = step.ToString(CultureInfo.InvariantCulture);
                        var id = book.Add(Asked(request), default, nowMs, out var displaced, out var isDisplaced);
                        Assert.Equal(model.Count == Most ? model[0].Request : null, isDisplaced ? displaced.Request.RequestId : null);
                        model.RemoveRange(0, isDisplaced ? 1 : 0);
                        model.Add((id.ToString("x16", CultureInfo.InvariantCulture), request, nowMs + LifetimeMs));
                        break;
                    case 2 when model.Count > 0:
                        var one = model[random.Next(model.Count)];
                        Assert.True(book.TryFind(one.Name, out var found));
                        Assert.Equal(one.Request, found.Request.RequestId);
                        Assert.True(book.TryTake(one.Name, out var taken));
                        Assert.Equal(one.Request, taken.Request.RequestId);
                        Assert.False(book.TryTake(one.Name, out _));
                        model.Remove(one);
                        break;
                    default:
                        while (book.TryExpire(nowMs, out var expired))
                        {
                            Assert.Equal((model[0].Request, true), (expired.Request.RequestId, model[0].EndsMs <= nowMs));
                            model.RemoveAt(0);
                        }

                        Assert.DoesNotContain(model, held => held.EndsMs <= nowMs);
                        break;
                }

                Assert.Equal(model.Count, book.Count);
            }
        });
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("0000000000000000")]
    [InlineData("ffffffffffffffff")]
    [InlineData("00000000ffffffff")]
    [InlineData("-000000000000001")]
    [InlineData(" 00000000000001 ")]
    public void Names_that_were_not_given_find_nothing(string name)
    {
        var book = new ReservationBook(Most, TimeSpan.FromMilliseconds(LifetimeMs));
        Assert.False(book.TryTake(name, out _));
        var id = book.Add(Asked("r"), default, 0, out _, out _);
        Assert.False(book.TryTake(name, out _));
        Assert.False(book.TryTake((id ^ (1UL << 40)).ToString("x16", CultureInfo.InvariantCulture), out _));
        Assert.Equal(1, book.Count);
    }

    private static GatewayRequest Asked(string request) =>
        new() { Tenant = "acme", Provider = "openai", Model = "gpt-5", RequestId = request };
}
