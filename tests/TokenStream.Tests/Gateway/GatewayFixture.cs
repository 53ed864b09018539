using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using TokenStream.Commands;
using TokenStream.Gateway;
using TokenStream.Tests.Commands;

namespace TokenStream.Tests.Gateway;

/// <summary>A gateway that no Kafka feeds: tests hand it the records of the commands topic.</summary>
internal sealed class GatewayFixture : IAsyncDisposable
{
    public const int Partitions = 4;

    private readonly CommandSigner _signer = CommandSamples.Signer();
    private long _heartbeats;

    public GatewayFixture(Action<TokenStreamGatewayOptions>? configure = null, bool isComplete = true)
    {
        var options = new TokenStreamGatewayOptions
        {
            BootstrapServers = "127.0.0.1:1",
            PublicKeys = CommandSamples.RfcKey().ExportSubjectPublicKeyInfoPem(),
            GatewayId = "g1",
        };
        configure?.Invoke(options);
        Gateway = new TokenStreamGateway(Options.Create(options), Time, NullLogger<TokenStreamGateway>.Instance);
        Gateway.Feed.Begin(Partitions);
        if (isComplete)
        {
            ReachEnds();
        }
    }

    public GatewayTime Time { get; } = new();

    public TokenStreamGateway Gateway { get; }

    public static GatewayRequest Asked(
        string tenant = "acme", string model = "gpt-5", string? feature = null, long tokensIn = 100, long maxTokens = 900) => new()
    {
        Tenant = tenant,
        Provider = "openai",
        Model = model,
        Feature = feature,
        TokensIn = tokensIn,
        MaxTokens = maxTokens,
    };

    public void ReachEnds()
    {
        for (var partition = 0; partition < Partitions; partition++)
        {
            Gateway.Feed.ReachEnd(partition);
        }

        Beat();
    }

    /// <summary>A heartbeat of every partition, sent now.</summary>
    public void Beat()
    {
        _heartbeats++;
        for (var partition = 0; partition < Partitions; partition++)
        {
            var heartbeat = new Heartbeat { Partition = partition, Version = new CommandVersion(1, 1), AtMs = Time.NowMs + _heartbeats };
            Gateway.Feed.Take(partition, Encoding.UTF8.GetBytes(heartbeat.Key), _signer.Sign(heartbeat));
        }
    }

    public void Give(params Command[] commands)
    {
        foreach (var command in commands)
        {
            Take(command);
        }

        Gateway.Feed.Show();
    }

    public RecordVerdict Take(Command command) =>
        Gateway.Feed.Take(command.Scope.Partition(Partitions), Encoding.UTF8.GetBytes(command.Key), _signer.Sign(command));

    public GatewayDecision Decide(GatewayRequest request) => Gateway.Decide(in request);

    public ValueTask DisposeAsync()
    {
        _signer.Dispose();
        return Gateway.DisposeAsync();
    }
}
