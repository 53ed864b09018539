using Microsoft.Extensions.Logging;
using TokenStream.Governing;
using TokenStream.Governing.Anomalies;
using TokenStream.Kafka;
using TokenStream.Service.Options;

namespace TokenStream.Service.Node;

/// <summary>
/// Keeps a node informed of the budgets, of what people ask, and of the rules: reads the budgets topic four times a second and the
/// configuration topic every other second, and brings the rules of aggregation in step with each version of the budgets. What was read last
/// stays in force while the log cannot be read.
/// </summary>
internal sealed class BudgetFollower : IAsyncDisposable
{
    /// <summary>The rules are read at one turn of so many: they change seldom, and what changes them here reads them first.</summary>
    private const int TurnsBetweenRules = 8;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly BudgetTopic _topic;
    private readonly RulesTopic _rules;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _following;
    private volatile IReadOnlyList<RulesRecord> _versions = [];
    private long _reconciled = -1;
    private long _turn;
    private volatile bool _isRead;

    /// <param name="options">The node's.</param>
    /// <param name="kafka">Its log.</param>
    /// <param name="rules">Is refreshed from here alone from now on.</param>
    /// <param name="clock">The time.</param>
    /// <param name="logger">The node's.</param>
    public BudgetFollower(NodeOptions options, KafkaOptions kafka, RulesTopic rules, TimeProvider clock, ILogger logger)
    {
        (_rules, _clock, _logger) = (rules, clock, logger);
        _topic = new BudgetTopic(new ConfigurationTopic(kafka, options.Topics.Budgets, "tokenstream-budgets", logger), logger);
        _following = Task.Run(() => Repeat.EveryAsync(
            Interval, clock, RefreshAsync, failure => NodeLog.BudgetsUnreadable(logger, failure.Message), _stop.Token, atOnce: true));
    }

    /// <summary>Whether the topic was read to its end once: until then nothing is known, which is not the same as no budgets.</summary>
    public bool IsRead => _isRead;

    /// <summary>The budgets in force.</summary>
    public PublishedBudgets Budgets => _topic.Current;

    /// <summary>The versions of the rules up to the one for the budgets in force, oldest first.</summary>
    public IReadOnlyList<RulesRecord> Rules => _versions;

    /// <summary>What people ask of governing.</summary>
    public GovernControls Controls => _topic.Controls;

    /// <summary>What people have said about anomalies.</summary>
    public AnomalyRequests AnomalyRequests => _topic.AnomalyRequests;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        _topic.Dispose();
        _stop.Dispose();
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
        catch (FormatException failure)
        {
            NodeLog.BudgetsUnreadable(_logger, failure.Message);
        }

        if (_turn++ % TurnsBetweenRules == 0)
        {
            RefreshRules();
        }
    }

    private void RefreshRules()
    {
        try
        {
            _rules.Refresh();
        }
        catch (Exception failure) when (failure is KafkaUnavailableException or FormatException)
        {
            NodeLog.RulesUnreadable(_logger, failure.Message);
        }
    }
}
