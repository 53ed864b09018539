using Microsoft.Extensions.Logging;
using TokenStream.Budgets;
using TokenStream.Kafka;
using TokenStream.Scopes;
using TokenStream.Service.Governing;
using TokenStream.Service.Options;

namespace TokenStream.Service.Node;

/// <summary>What whoever changes budgets needs: the budgets, the rules that follow them, and the audit. For one thread at a time.</summary>
internal sealed class BudgetConnection : IDisposable
{
    private readonly Audit _audit;
    private readonly TimeProvider _clock;

    /// <summary>Connects, and reads what stands.</summary>
    public BudgetConnection(NodeOptions options, KafkaOptions kafka, TimeProvider clock, ILogger logger)
    {
        _clock = clock;
        _audit = new Audit(options, kafka, clock, logger);
        Budgets = new BudgetTopic(new ConfigurationTopic(kafka, options.Topics.Budgets, "tokenstream-budgets", logger), logger);
        Rules = new RulesTopic(new ConfigurationTopic(kafka, options.Topics.Configuration, "tokenstream-rules", logger), logger);
        Budgets.Refresh();
        Rules.Refresh();
    }

    public BudgetTopic Budgets { get; }

    public RulesTopic Rules { get; }

    /// <summary>Puts budgets in force: written to the audit, published, and the rules of aggregation brought in step.</summary>
    /// <exception cref="NodeStartException">They are too large for a record.</exception>
    public async Task<BudgetRecord> PublishAsync(
        BudgetDocument document, TenantDirectory directory, string source, string reason, Actor actor)
    {
        BudgetRecord Content(PublishedBudgets before) =>
            BudgetRecord.Of(document, directory, before, source, actor.By, reason, _clock.GetUtcNow());
        var size = Content(Budgets.Current).ToBytes().Length;
        if (size > TopicLayout.ConfigurationMaxBytes - 4096)
        {
            throw new NodeStartException($"the budgets take {size} bytes of the {TopicLayout.ConfigurationMaxBytes} that a record may " +
                "have: say less, or use 'each'.");
        }

        var changes = BudgetDiff.Of(Budgets.Current.Document, document).Concat(BudgetDiff.Of(Budgets.Current.Directory, directory));
        await _audit.AppendAsync(
            AuditKind.Budget, source, $"after version {Budgets.Current.Set.Version}", actor, reason, after: string.Join('\n', changes));
        var published = await Budgets.PublishAsync(Content);
        await BudgetRules.ReconcileAsync(Rules, Budgets.Current, _clock.GetUtcNow());
        return published;
    }

    public void Dispose()
    {
        Rules.Dispose();
        Budgets.Dispose();
        _audit.Dispose();
    }
}
