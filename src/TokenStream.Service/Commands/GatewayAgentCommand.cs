using System.CommandLine;
using TokenStream.Agent;
using TokenStream.Gateway;
using TokenStream.Kafka;
using TokenStream.Service.Http;
using TokenStream.Service.Node;
using TokenStream.Service.Options;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream gateway-agent</c>: the gateway library behind HTTP, for gateways that are not .NET.</summary>
internal static class GatewayAgentCommand
{
    private const string InlineSockets = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    private static readonly Option<string?> Listen =
        new("--listen") { Description = "Where it is asked: ADDRESS:PORT or unix:PATH (default 127.0.0.1:7070)." };
    private static readonly Option<string?> GatewayId =
        new("--gateway-id") { Description = "Names it in acks and events (default the machine's name and the process id)." };
    private static readonly Option<string?> Keys =
        new("--keys")
        {
            Description = "The public keys that commands are signed with (default DATA/keys/commands.pub.pem of --config, or of ./data).",
        };
    private static readonly Option<string?> OnBlindOption = new("--on-blind")
    {
        Description = "What it does while it does not know the commands: open lets pass, closed refuses, last_known obeys what it knows " +
            "(default open).",
    };
    private static readonly Option<int?> BlindAfter =
        new("--blind-after") { Description = "Seconds of silence after which it is blind (default 900)." };
    private static readonly Option<string?> Environment =
        new("--environment") { Description = "The environment of requests that name none (default prod)." };
    private static readonly Option<string?> Provider =
        new("--provider") { Description = "The provider of requests that name none." };
    private static readonly Option<int?> ReservationTimeout =
        new("--reservation-timeout")
        {
            Description = "Seconds that an admitted request may take before it counts as used in full (default 900).",
        };
    private static readonly Option<int?> Reservations =
        new("--reservations") { Description = "Admitted requests that may run at once (default 100000)." };
    private static readonly Option<int?> ConfirmTimeout =
        new("--confirm-timeout") { Description = "Seconds that a completion waits for the log before it is answered 202 (default 2)." };
    private static readonly Option<string[]> Headers = new("--header")
    {
        Description = "FIELD=HEADER: where external authorization finds tenant, app, feature, environment, user, session, provider, " +
            "model, max_tokens or request_id. Repeat it for several.",
    };
    private static readonly Option<string?> Tokens =
        new("--tokens") { Description = "The file of tokens (tokenstream tokens add); with it every request needs one." };
    private static readonly Option<bool> AllowRemote =
        new("--allow-remote") { Description = "Allow an address that other machines reach; needs --tokens." };
    private static readonly Option<bool> JsonLogs = new("--json-logs") { Description = "Log lines as JSON." };

    internal static Command Create()
    {
        var command = new Command("gateway-agent", "Decide for gateways that are not .NET, over HTTP: a sidecar that obeys the commands.")
        {
            Listen, GatewayId, Keys, OnBlindOption, BlindAfter, Environment, Provider, ReservationTimeout, Reservations, ConfirmTimeout,
            Headers, Tokens, AllowRemote, JsonLogs,
        };
        Connections.AddKafka(command);
        command.SetAction((parsed, cancellation) => RunAsync(parsed, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        AnswerWhereItIsRead();
        try
        {
            var node = Connections.Options(parsed);
            node = node with { JsonLogs = parsed.GetValue(JsonLogs) || node.JsonLogs };
            var (agentOptions, gatewayOptions) = (ReadAgent(parsed), ReadGateway(parsed, node));
            using var loggers = Logging.Create(node);
            using var metrics = new PrometheusExporter(TimeProvider.System);
            var stop = StopRequest.WaitAsync(cancellation);
            await using var agent = await GatewayAgent.StartAsync(
                agentOptions, gatewayOptions, metrics.Write, TimeProvider.System, loggers, cancellation);
            await stop;
            return 0;
        }
        catch (Exception failure) when (failure is NodeStartException or ArgumentException or IOException or FormatException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }

    /// <summary>
    /// The runtime's sockets run what waits for them on the thread that saw the bytes come. They take that from the environment alone, before
    /// the first of them is opened; what the environment says already stays.
    /// </summary>
    private static void AnswerWhereItIsRead()
    {
        if (System.Environment.GetEnvironmentVariable(InlineSockets) is null)
        {
            System.Environment.SetEnvironmentVariable(InlineSockets, "1");
        }
    }

    private static AgentOptions ReadAgent(ParseResult parsed)
    {
        var options = new AgentOptions
        {
            AllowRemote = parsed.GetValue(AllowRemote),
            DefaultProvider = parsed.GetValue(Provider) ?? "",
        };
        options.Listen = parsed.GetValue(Listen) ?? options.Listen;
        options.MostReservations = parsed.GetValue(Reservations) ?? options.MostReservations;
        options.ReservationLifetime = parsed.GetValue(ReservationTimeout) is { } seconds
            ? TimeSpan.FromSeconds(seconds)
            : options.ReservationLifetime;
        options.ConfirmTimeout = parsed.GetValue(ConfirmTimeout) is { } patience ? TimeSpan.FromSeconds(patience) : options.ConfirmTimeout;
        foreach (var header in parsed.GetValue(Headers) ?? [])
        {
            if (!options.Headers.TrySet(header))
            {
                throw new NodeStartException($"--header {header} is not FIELD=HEADER, such as tenant=x-tenant-id.");
            }
        }

        if (parsed.GetValue(Tokens) is { } file)
        {
            if (!File.Exists(file))
            {
                throw new NodeStartException($"--tokens {file}: there is no such file; 'tokenstream tokens add' makes it.");
            }

            var tokens = new ApiTokens(file);
            options.FindCaller = secret => tokens.Find(secret) is { } token ? new AgentCaller(token.Tenant) : null;
        }

        return options;
    }

    private static TokenStreamGatewayOptions ReadGateway(ParseResult parsed, NodeOptions node)
    {
        var options = new TokenStreamGatewayOptions
        {
            BootstrapServers = node.Kafka!,
            CommandsTopic = node.Topics.Commands,
            AcksTopic = node.Topics.Acks,
            UsageTopic = node.Topics.Requests,
            ConfigurationTopic = node.Topics.Configuration,
            PublicKeyFile = parsed.GetValue(Keys) ?? Path.Combine(node.DataDirectory, "keys", "commands.pub.pem"),
        };
        foreach (var (name, value) in node.KafkaProperties)
        {
            options.KafkaProperties[name] = SecretReference.Resolve(value);
        }

        options.GatewayId = parsed.GetValue(GatewayId) ?? options.GatewayId;
        options.Environment = parsed.GetValue(Environment) ?? options.Environment;
        options.BlindAfter = parsed.GetValue(BlindAfter) is { } seconds ? TimeSpan.FromSeconds(seconds) : options.BlindAfter;
        options.OnBlind = parsed.GetValue(OnBlindOption) switch
        {
            null or "open" => OnBlind.Open,
            "closed" => OnBlind.Closed,
            "last_known" => OnBlind.LastKnown,
            var other => throw new NodeStartException($"--on-blind {other} is none of open, closed, last_known."),
        };
        return File.Exists(options.PublicKeyFile)
            ? options
            : throw new NodeStartException(
                $"The public keys {options.PublicKeyFile} are not there: without them no command can be believed. 'tokenstream keys " +
                    "show' prints them where the node runs; name their file with --keys.");
    }
}
