using TokenStream.Broker.Groups;
using TokenStream.Broker.Log;

namespace TokenStream.Broker;

/// <summary>Where the embedded log listens, what it keeps, and what bounds it.</summary>
public sealed class BrokerOptions
{
    /// <summary>The store underneath: data directory, flushing, bounds.</summary>
    public required LogStoreOptions Store { get; init; }

    /// <summary><c>HOST:PORT</c>, host an IP address or <c>localhost</c>; port 0 takes a free one. Default <c>127.0.0.1:9092</c>.</summary>
    public string Listen { get; init; } = "127.0.0.1:9092";

    /// <summary>
    /// Allows a listener that other machines reach. There is no authentication: everybody who reaches it may read and write. Default off.
    /// </summary>
    public bool AllowNonLoopback { get; init; }

    /// <summary>
    /// <c>HOST:PORT</c> that clients are told to connect to; it must lead here from where they are. Default: the address bound.
    /// </summary>
    public string? Advertised { get; init; }

    /// <summary>Partitions of topics made without a number. Default 4.</summary>
    public int DefaultPartitions { get; init; } = 4;

    /// <summary>Whether topics are made when a client asks for one that does not exist. Default on.</summary>
    public bool AutoCreateTopics { get; init; } = true;

    /// <summary>What new topics begin with, by name; the first match counts, none is <see cref="TopicConfig.Default"/>.</summary>
    public IReadOnlyList<TopicDefault> TopicDefaults { get; init; } = [];

    /// <summary>Consumer groups.</summary>
    public GroupOptions Groups { get; init; } = new();

    /// <summary>Largest produce request, bytes; a longer one closes its connection. Default 100 MiB, as clients expect.</summary>
    public int MaxRequestBytes { get; init; } = 100 << 20;

    /// <summary>Largest request of any other kind, bytes. Default 4 MiB.</summary>
    public int MaxControlRequestBytes { get; init; } = 4 << 20;

    /// <summary>Memory of all requests being read or handled, bytes, what they hold in a connection's own 16 KiB aside. A connection waits
    /// for room before it reads on. Default 256 MiB; a request larger than this closes its connection.</summary>
    public long RequestMemoryBytes { get; init; } = 256L << 20;

    /// <summary>Memory of all fetched batches on their way to clients, bytes; a fetch waits for room. Default 128 MiB.</summary>
    public long ResponseMemoryBytes { get; init; } = 128L << 20;

    /// <summary>
    /// Most bytes one fetch is answered with, whatever it asks for; a single larger batch is still given. Default 16 MiB.
    /// </summary>
    public int MaxFetchBytes { get; init; } = 16 << 20;

    /// <summary>Longest that a fetch is held back for data, ms, whatever it asks for. Default 30,000.</summary>
    public int MaxFetchWaitMs { get; init; } = 30_000;

    /// <summary>Most open connections; one more is closed at once. Default 1,000.</summary>
    public int MaxConnections { get; init; } = 1_000;

    /// <summary>Milliseconds without a request after which a connection is closed. Default 10 minutes, as Kafka's.</summary>
    public int IdleTimeoutMs { get; init; } = 600_000;

    /// <summary>Milliseconds that a peer has to send the rest of a request it began, or to take in a response. Default 30,000.</summary>
    public int TransferTimeoutMs { get; init; } = 30_000;

    /// <summary>Milliseconds that requests in flight have to end when the log stops. Default 5,000.</summary>
    public int DrainTimeoutMs { get; init; } = 5_000;

    /// <summary>Every value that cannot work, one sentence each; empty when all is well.</summary>
    public IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        Require(faults, DefaultPartitions >= 1, nameof(DefaultPartitions), "at least 1");
        Require(faults, MaxRequestBytes >= 1024, nameof(MaxRequestBytes), "at least 1024");
        Require(faults, MaxControlRequestBytes >= 1024, nameof(MaxControlRequestBytes), "at least 1024");
        Require(faults, RequestMemoryBytes >= 1 << 20, nameof(RequestMemoryBytes), "at least 1 MiB");
        Require(faults, ResponseMemoryBytes >= 1 << 20, nameof(ResponseMemoryBytes), "at least 1 MiB");
        Require(faults, MaxFetchBytes is >= 1024 and <= 1 << 30, nameof(MaxFetchBytes), "from 1024 to 1 GiB");
        Require(faults, MaxFetchWaitMs >= 0, nameof(MaxFetchWaitMs), "0 or more");
        Require(faults, MaxConnections >= 1, nameof(MaxConnections), "at least 1");
        Require(faults, IdleTimeoutMs >= 100, nameof(IdleTimeoutMs), "at least 100");
        Require(faults, TransferTimeoutMs >= 100, nameof(TransferTimeoutMs), "at least 100");
        Require(faults, DrainTimeoutMs >= 0, nameof(DrainTimeoutMs), "0 or more");
        Require(faults, Groups.InitialRebalanceDelayMs >= 0, nameof(GroupOptions.InitialRebalanceDelayMs), "0 or more");
        Require(faults, Groups.MaxMetadataBytes is >= 0 and <= short.MaxValue, nameof(GroupOptions.MaxMetadataBytes), "from 0 to 32767");
        Require(faults, Groups.ExpiryIntervalMs >= 1, nameof(GroupOptions.ExpiryIntervalMs), "at least 1");
        foreach (TopicDefault rule in TopicDefaults)
        {
            Require(faults, rule.Partitions is null or >= 1, $"{nameof(TopicDefaults)} '{rule.Pattern}' partitions", "at least 1");
        }

        return faults;
    }

    private static void Require(List<string> faults, bool holds, string name, string takes)
    {
        if (!holds)
        {
            faults.Add($"{name} takes {takes}.");
        }
    }
}
