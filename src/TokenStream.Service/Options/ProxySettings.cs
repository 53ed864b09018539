using TokenStream.Gateway;
using TokenStream.Proxy;

namespace TokenStream.Service.Options;

/// <summary>What <c>tokenstream proxy</c> is told: the proxy's own options, and how it reaches the stream.</summary>
internal sealed record ProxySettings
{
    /// <summary>Where the public keys of a node on this machine lie.</summary>
    public const string DefaultKeys = "./data/keys/commands.pub.pem";

    public ProxyOptions Proxy { get; init; } = new();

    public string Kafka { get; init; } = "127.0.0.1:9092";

    public IReadOnlyDictionary<string, string> KafkaProperties { get; init; } = new Dictionary<string, string>();

    /// <summary>The file of public keys that commands are believed by.</summary>
    public string Keys { get; init; } = DefaultKeys;

    /// <summary>Names this proxy in events and acks; null for the machine's name and the process id.</summary>
    public string? Id { get; init; }

    public string? Environment { get; init; }

    /// <summary>The tenant of requests that name none.</summary>
    public string? DefaultTenant { get; init; }

    public bool DeniesUnknown { get; init; }

    public OnBlind OnBlind { get; init; } = OnBlind.Open;

    public string? CommandsTopic { get; init; }

    public string? AcksTopic { get; init; }

    public string? RequestsTopic { get; init; }

    public string? ConfigurationTopic { get; init; }

    public bool JsonLogs { get; init; }

    /// <summary>Puts what is said here into the gateway library's options.</summary>
    public void Configure(TokenStreamGatewayOptions options)
    {
        options.BootstrapServers = Kafka;
        foreach (var (name, value) in KafkaProperties)
        {
            options.KafkaProperties[name] = value;
        }

        options.PublicKeyFile = Keys;
        options.GatewayId = Id ?? options.GatewayId;
        options.Environment = Environment ?? options.Environment;
        options.DefaultTenant = DefaultTenant ?? options.DefaultTenant;
        options.UnknownTenants = DeniesUnknown ? UnknownTenants.Deny : UnknownTenants.Allow;
        options.OnBlind = OnBlind;
        options.CommandsTopic = CommandsTopic ?? options.CommandsTopic;
        options.AcksTopic = AcksTopic ?? options.AcksTopic;
        options.UsageTopic = RequestsTopic ?? options.UsageTopic;
        options.ConfigurationTopic = ConfigurationTopic ?? options.ConfigurationTopic;
    }

    public static OnBlind? ReadOnBlind(string text) => text switch
    {
        "open" => OnBlind.Open,
        "closed" => OnBlind.Closed,
        "last_known" => OnBlind.LastKnown,
        _ => null,
    };
}
