using TokenStream.Commands;

namespace TokenStream.Gateway;

/// <summary>How a gateway reaches the stream and what it does when it cannot.</summary>
public sealed class TokenStreamGatewayOptions
{
    /// <summary>Kafka's addresses, <c>host:port,host:port</c>.</summary>
    public string BootstrapServers { get; set; } = "";

    /// <summary>Further properties of librdkafka (<c>security.protocol</c>, <c>sasl.username</c>, ..), for consumer and producer.</summary>
    public IDictionary<string, string> KafkaProperties { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// The public keys that commands are signed with, in PEM, as <c>tokenstream keys show</c> prints them; two during a rotation.
    /// </summary>
    public string PublicKeys { get; set; } = "";

    /// <summary>A file of public keys in PEM instead; it is read again when it changes.</summary>
    public string? PublicKeyFile { get; set; }

    /// <summary>Names this gateway in acks and events; its process among many. By default the machine's name and the process id.</summary>
    public string GatewayId { get; set; } = $"{System.Environment.MachineName}-{System.Environment.ProcessId}";

    /// <summary>The environment of requests that name none.</summary>
    public string Environment { get; set; } = "prod";

    public string CommandsTopic { get; set; } = "tokenstream.commands";

    public string AcksTopic { get; set; } = "tokenstream.acks";

    public string UsageTopic { get; set; } = "llm.requests";

    /// <summary>
    /// Where the prices are read from that requests of leased budgets are measured with; it is not read before there is a lease.
    /// </summary>
    public string ConfigurationTopic { get; set; } = "tokenstream.configuration";

    public OnBlind OnBlind { get; set; } = OnBlind.Open;

    /// <summary>Without a heartbeat for this long the gateway is blind; at least 10 s.</summary>
    public TimeSpan BlindAfter { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long a host's start waits for the commands in force before it goes on blind.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(10);

    public UnknownTenants UnknownTenants { get; set; } = UnknownTenants.Allow;

    /// <summary>Asked once a decision, so it must answer at once; null knows every tenant but the empty one.</summary>
    public Func<string, bool>? IsKnownTenant { get; set; }

    /// <summary>What unknown tenants count as under <see cref="UnknownTenants.DefaultBudget"/>.</summary>
    public string DefaultTenant { get; set; } = "~unknown";

    /// <summary>Output tokens that are reserved for a request that sets no limit.</summary>
    public long AssumedOutputTokens { get; set; } = 4_096;

    /// <summary>Events that may wait for Kafka; beyond it they are dropped and counted.</summary>
    public int BufferedEvents { get; set; } = 10_000;

    /// <summary>Every error of these options at once, each a sentence that names the option.</summary>
    public IReadOnlyList<string> Errors()
    {
        var errors = new List<string>();
        Require(errors, !string.IsNullOrWhiteSpace(BootstrapServers), "BootstrapServers is empty; give Kafka's host:port.");
        Require(errors, GatewayId.Length is > 0 and <= 256, "GatewayId must have 1 to 256 characters.");
        Require(errors, Environment.Length is > 0 and <= 256, "Environment must have 1 to 256 characters.");
        Require(errors, DefaultTenant.Length is > 0 and <= 256, "DefaultTenant must have 1 to 256 characters.");
        var areNamed = CommandsTopic.Length > 0 && AcksTopic.Length > 0 && UsageTopic.Length > 0 && ConfigurationTopic.Length > 0;
        Require(errors, areNamed, "CommandsTopic, AcksTopic, UsageTopic and ConfigurationTopic must be named.");
        Require(errors, BlindAfter >= TimeSpan.FromSeconds(10), "BlindAfter is below 10 s; brokers need some to fail over.");
        Require(errors, StartTimeout >= TimeSpan.Zero, "StartTimeout is negative.");
        Require(errors, AssumedOutputTokens is >= 1 and <= 1_000_000_000, "AssumedOutputTokens must lie between 1 and 1000000000.");
        Require(errors, BufferedEvents is >= 1 and <= 1_000_000, "BufferedEvents must lie between 1 and 1000000.");
        Require(errors, Enum.IsDefined(OnBlind), "OnBlind is none of Open, Closed, LastKnown.");
        Require(errors, Enum.IsDefined(UnknownTenants), "UnknownTenants is none of Allow, DefaultBudget, Deny.");
        Require(
            errors,
            string.IsNullOrEmpty(PublicKeys) != string.IsNullOrEmpty(PublicKeyFile),
            "give either PublicKeys or PublicKeyFile: without a key no command can be believed ('tokenstream keys show' prints it).");
        if (string.IsNullOrEmpty(PublicKeys) != string.IsNullOrEmpty(PublicKeyFile))
        {
            CheckKeys(errors);
        }

        return errors;
    }

    /// <summary>The keys as they are now.</summary>
    /// <exception cref="FormatException">They cannot be read.</exception>
    internal IReadOnlyList<CommandKey> ReadKeys()
    {
        try
        {
            return CommandKey.ReadPublic(PublicKeyFile is { Length: > 0 } file ? File.ReadAllText(file) : PublicKeys);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"the file {PublicKeyFile} cannot be read: {failure.Message}", failure);
        }
    }

    private void CheckKeys(List<string> errors)
    {
        try
        {
            foreach (var key in ReadKeys())
            {
                key.Key.Dispose();
            }
        }
        catch (FormatException failure)
        {
            errors.Add($"{(PublicKeyFile is { Length: > 0 } ? "PublicKeyFile" : "PublicKeys")}: {failure.Message}.");
        }
    }

    private static void Require(List<string> errors, bool holds, string error)
    {
        if (!holds)
        {
            errors.Add(error);
        }
    }
}
