using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Governing;
using TokenStream.Kafka;
using TokenStream.Service.Options;

namespace TokenStream.Service.Node;

/// <summary>
/// Keeps a node informed of the budgets and of what people ask: reads the budgets topic four times a second, and brings the rules of
/// aggregation in step with each version. What was read last stays in force while the log cannot be read.
/// </summary>
internal sealed class BudgetFollower : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly BudgetTopic _topic;

    // A reader of its own: the node's is refreshed at another pace, and not for several threads.
    private readonly RulesTopic _rules;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _following;
    private volatile IReadOnlyList<RulesRecord> _versions = [];
    private long _reconciled = -1;
    private volatile bool _isRead;

    public BudgetFollower(NodeOptions options, KafkaOptions kafka, TimeProvider clock, ILogger logger)
    {
        (_clock, _logger) = (clock, logger);
        _topic = new BudgetTopic(new ConfigurationTopic(kafka, options.Topics.Budgets, "tokenstream-budgets", logger), logger);
        _rules = new RulesTopic(new ConfigurationTopic(kafka, options.Topics.Configuration, "tokenstream-budgets", NullLogger.Instance), NullLogger.Instance);
        _following = Task.Run(FollowAsync);
    }

    /// <summary>Whether the topic was read to its end once: until then nothing is known, which is not the same as no budgets.</summary>
    public bool IsRead => _isRead;

    /// <summary>The budgets in force.</summary>
    public PublishedBudgets Budgets => _topic.Current;

    /// <summary>The versions of the rules up to the one for the budgets in force, oldest first.</summary>
    public IReadOnlyList<RulesRecord> Rules => _versions;

    /// <summary>What people ask of governing.</summary>
    public GovernControls Controls => _topic.Controls;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        _rules.Dispose();
        _topic.Dispose();
        _stop.Dispose();
    }

    private async Task FollowAsync()
    {
        try
        {
            while (true)
            {
                await RefreshAsync();
                await Task.Delay(Interval, _clock, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async Task RefreshAsync()
    {
        try
        {
            _topic.Refresh();
            _isRead = true;
            if (_topic.Current.Set.Version is var version && version > _reconciled)
            {
                if (await BudgetRules.ReconcileAsync(_rules, _topic.Current, _clock.GetUtcNow()))
                {
                    NodeLog.BudgetRulesPublished(_logger, version);
                }

                (_reconciled, _versions) = (version, [.. _rules.Records]);
            }
        }
        catch (Exception failure) when (failure is KafkaUnavailableException or FormatException)
        {
            NodeLog.BudgetsUnreadable(_logger, failure.Message);
        }
    }
}
