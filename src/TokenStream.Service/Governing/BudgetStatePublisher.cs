using System.Text;
using TokenStream.Events;
using TokenStream.Governing.Alerts;
using TokenStream.Runtime;

namespace TokenStream.Service.Governing;

/// <summary>
/// Says how the budgets of a node's partitions stand, for views and people: at most every ten seconds where it changed, hourly in any case.
/// What is lost is said again; nothing is decided by it.
/// </summary>
internal sealed class BudgetStatePublisher(IRecordSink sink, string topic, Func<IEnumerable<BudgetStateRecord>> states)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private const long RepeatMs = 60 * 60_000;

    private readonly Dictionary<string, (ulong Content, long SaidMs)> _said = new(StringComparer.Ordinal);

    public async Task PublishAsync(long nowMs)
    {
        foreach (var state in states())
        {
            var key = state.Key;
            var content = ContentOf(state);
            if (_said.TryGetValue(key, out var said) && said.Content == content && nowMs - said.SaidMs < RepeatMs)
            {
                continue;
            }

            _said[key] = (content, nowMs);
            sink.Publish(new TopicPartition(topic, 0), Encoding.UTF8.GetBytes(key), AlertFormat.Write(state));
        }

        await sink.FlushAsync();
        foreach (var gone in _said.Where(said => nowMs - said.Value.SaidMs > 2 * RepeatMs).Select(said => said.Key).ToArray())
        {
            _said.Remove(gone);
        }
    }

    /// <summary>What of a state is worth saying anew: not that time has passed.</summary>
    private static ulong ContentOf(BudgetStateRecord state) =>
        StableHash.Hash(AlertFormat.Write(state with { AtMs = 0, Figures = state.Figures with { EventMs = 0 } }));
}
