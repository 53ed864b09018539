using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using TokenStream.Commands;
using TokenStream.Kafka;
using TokenStream.Service.Alerting;
using TokenStream.Service.Anomalies;
using TokenStream.Service.Governing;
using TokenStream.Service.Node;
using TokenStream.Service.Options;

namespace TokenStream.Service.Http;

/// <summary>The API of one node with what it reads and writes. It needs the log alone, so that it works while the store is away.</summary>
internal sealed class NodeApi : IAsyncDisposable
{
    private readonly Audit _audit;
    private readonly PeopleRequests _requests;
    private readonly CommandTopic _commands;
    private readonly GovernApi _govern;
    private readonly BudgetStateTable _states;
    private readonly BudgetsApi _budgets;
    private readonly AlertsApi _alerts;
    private readonly AnomaliesApi _anomalies;

    /// <param name="partitions">Each topic's number of partitions.</param>
    /// <exception cref="NodeStartException">Tokens or keys cannot be read.</exception>
    public NodeApi(NodeOptions options, KafkaOptions kafka, IReadOnlyDictionary<string, int> partitions, TimeProvider clock, ILogger logger)
    {
        Tokens = options.TokensFile is { } file ? new ApiTokens(file) : null;
        var keys = new SigningKeys(options).Public();
        Access = new ApiAccess(Tokens, IPEndPoint.TryParse(options.Listen, out var address) && IPAddress.IsLoopback(address.Address));
        _audit = new Audit(options, kafka, clock, logger);
        _requests = new PeopleRequests(new ConfigurationTopic(kafka, options.Topics.Budgets, "tokenstream-api", logger), _audit, clock);
        _commands = new CommandTopic(
            kafka, options.Topics.Commands, partitions[options.Topics.Commands], new CommandVerifier(keys), logger);
        _govern = new GovernApi(Access, _requests, _commands, clock);
        _states = new BudgetStateTable(kafka, options.Topics.BudgetStates, partitions[options.Topics.BudgetStates], clock, logger);
        _budgets = new BudgetsApi(_govern, () => new BudgetConnection(options, kafka, clock, logger), _states);
        _alerts = new AlertsApi(_govern, () => new AlertList(options, kafka, _audit, clock, logger));
        _anomalies = new AnomaliesApi(_govern, () => new AnomalyBoard(options, kafka, _audit, clock, logger), clock);
    }

    /// <summary>Who may use it; null where nobody was named.</summary>
    public ApiTokens? Tokens { get; }

    public ApiAccess Access { get; }

    public void Map(IEndpointRouteBuilder app)
    {
        _govern.Map(app);
        _budgets.Map(app);
        _alerts.Map(app);
        _anomalies.Map(app);
    }

    public async ValueTask DisposeAsync()
    {
        _anomalies.Dispose();
        _alerts.Dispose();
        _budgets.Dispose();
        await _states.DisposeAsync();
        _commands.Dispose();
        _requests.Dispose();
        _audit.Dispose();
    }
}
