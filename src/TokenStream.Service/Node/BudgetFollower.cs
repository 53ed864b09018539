using Microsoft.Extensions.Logging;
using TokenStream.Governing;
using TokenStream.Kafka;
using TokenStream.Service.Options;

namespace TokenStream.Service.Node;

/// <summary>
/// Keeps a node informed of the budgets and of what people ask: reads the budgets topic four times a second. What was read last stays in
/// force while the log cannot be read.
/// </summary>
internal sealed class BudgetFollower : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly BudgetTopic _topic;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _following;

    /// <summary>Reads what stands, and follows from there.</summary>
    public BudgetFollower(NodeOptions options, KafkaOptions kafka, TimeProvider clock, ILogger logger)
    {
        (_clock, _logger) = (clock, logger);
        _topic = new BudgetTopic(new ConfigurationTopic(kafka, options.Topics.Budgets, "tokenstream-budgets", logger), logger);
        Refresh();
        _following = Task.Run(FollowAsync);
    }

    /// <summary>The budgets in force.</summary>
    public PublishedBudgets Budgets => _topic.Current;

    /// <summary>What people ask of governing.</summary>
    public GovernControls Controls => _topic.Controls;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        _topic.Dispose();
        _stop.Dispose();
    }

    private async Task FollowAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(Interval, _clock, _stop.Token);
                Refresh();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private void Refresh()
    {
        try
        {
            _topic.Refresh();
        }
        catch (Exception failure) when (failure is KafkaUnavailableException or FormatException)
        {
            NodeLog.BudgetsUnreadable(_logger, failure.Message);
        }
    }
}
