using System.Text;
using TokenStream.Governing.Alerts;
using TokenStream.Runtime;
using TokenStream.Service.Governing;
using TokenStream.Tests.Governing.Alerts;
using Xunit;

namespace TokenStream.Tests.Service.Governing;

public sealed class BudgetStatePublisherTests
{
    private const long T0 = 1_700_000_000_000;

    private readonly List<string> _published = [];
    private BudgetStateRecord _state = BudgetStateRecord.Of(AlertFormatTests.Burning().Evidence!, BudgetState.Soft, 1);

    [Fact]
    public async Task A_state_is_said_where_it_changed_and_hourly()
    {
        var publisher = new BudgetStatePublisher(new ListSink(_published), "states", () => [_state]);
        await publisher.PublishAsync(T0);
        _state = _state with { AtMs = T0 + 10_000, Figures = _state.Figures with { EventMs = T0 + 9000 } };
        await publisher.PublishAsync(T0 + 10_000);
        Assert.Equal(["states[0] acme|tenant=acme"], _published);
        _state = _state with { State = BudgetState.Hard };
        await publisher.PublishAsync(T0 + 20_000);
        _state = _state with { Figures = _state.Figures with { Spent = 1 } };
        await publisher.PublishAsync(T0 + 30_000);
        Assert.Equal(3, _published.Count);
        await publisher.PublishAsync(T0 + 30_000 + (60 * 60_000) - 1);
        Assert.Equal(3, _published.Count);
        await publisher.PublishAsync(T0 + 30_000 + (60 * 60_000));
        Assert.Equal(4, _published.Count);
    }

    private sealed class ListSink(List<string> published) : IRecordSink
    {
        public void Publish(TopicPartition partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IReadOnlyList<RecordHeader>? headers = null)
        {
            Assert.True(AlertFormat.TryRead(value, out BudgetStateRecord? _));
            published.Add($"{partition} {Encoding.UTF8.GetString(key)}");
        }

        public void Delete(TopicPartition partition, ReadOnlySpan<byte> key) => throw new InvalidOperationException("a state is never deleted");

        public ValueTask FlushAsync() => ValueTask.CompletedTask;

        public void Dispose()
        {
        }
    }
}
