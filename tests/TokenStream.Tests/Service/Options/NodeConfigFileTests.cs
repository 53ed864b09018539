using TokenStream.Kafka;
using TokenStream.Service.Options;
using Xunit;

namespace TokenStream.Tests.Service.Options;

public sealed class NodeConfigFileTests
{
    private const string Everything = """
        data: /var/lib/tokenstream
        listen: 0.0.0.0:8081
        allow_remote: true
        prices: prices.yaml
        tokens: tokens.txt
        signing:
          key: plain
          trusted: others.pem
        labels: [team, cost_center]
        roles: [store]
        kafka:
          bootstrap: k1:9092,k2:9092
          listen: 127.0.0.1:19092
          advertised: log.example:19092
          group: usage
          group_protocol: consumer
          properties:
            security.protocol: ssl
        clickhouse:
          url: http://store:8123
          listen: 127.0.0.1:18123
          user: writer
          password: plain
          memory_mb: 512
        topics:
          requests: in
          requests_partitions: 12
          rollups: sums
          rollups_partitions: 3
          live: now
          deadletter: dead
          configuration: rules
          spend: spent
          spend_partitions: 5
          commands: orders
          ledger: books
          acks: answers
          budgets: caps
          alerts: bells
          audit: who
        windows:
          grace_seconds: 45
          duplicate_horizon_seconds: 1200
        log:
          format: json
        telemetry:
          otlp: http://collector:4317
        """;

    private const string Wrong = """
        allow_remote: perhaps
        roles: [store, cook]
        labels: [a, b, c, d, e]
        kafka:
          bootstrap: nowhere
          group_protocol: new
          properties:
            enable.auto.commit: true
            list: [1]
        clickhouse:
          password: ${env:TOKENSTREAM_TEST_NOT_SET}
          memory_mb: 1
        topics:
          requests_partitions: 0
          rollups_partitions: many
          spend_partitions: 0
        windows:
          grace_seconds: -1
          duplicate_horizon_seconds: 86401
        log:
          format: xml
        colour: blue
        """;

    /// <summary>How each error of <see cref="Wrong"/> begins: its line and column, counted by hand, and what it names.</summary>
    private static readonly string[] Errors =
    [
        "1:15: 'allow_remote'", "2:16: 'cook'", "3:22: 5 labels", "6:19: 'group_protocol'", "9:11: the property 'list'", "11:13: 'password'",
        "12:14: 'memory_mb'", "14:24: 'requests_partitions'", "15:23: 'rollups_partitions'", "16:21: 'spend_partitions'", "18:18: 'grace_seconds'",
        "19:30: 'duplicate_horizon_seconds'", "21:11: 'format'", "22:1: 'colour'", "kafka: 'nowhere'", "kafka: the property enable.auto.commit",
    ];

    [Fact]
    public void Every_key_is_read()
    {
        var (options, errors) = NodeConfigFile.Read(Everything, new NodeOptions());
        Assert.Empty(errors);
        var (topics, labels) = (options.Topics, options.LabelKeys);
        Assert.Equal(("/var/lib/tokenstream", "0.0.0.0:8081", true), (options.DataDirectory, options.Listen, options.AllowRemote));
        Assert.Equal(("prices.yaml", "team,cost_center", NodeRoles.Store), (options.PricesFile, string.Join(',', labels), options.Roles));
        Assert.Equal(("k1:9092,k2:9092", "127.0.0.1:19092", "log.example:19092"), (options.Kafka, options.KafkaListen, options.KafkaAdvertised));
        Assert.Equal(("usage", GroupProtocol.Consumer, "ssl"), (options.GroupPrefix, options.GroupProtocol, options.KafkaProperties["security.protocol"]));
        Assert.Equal(("http://store:8123", "127.0.0.1:18123"), (options.ClickHouse, options.ClickHouseListen));
        Assert.Equal(("writer", "plain", 512L << 20), (options.ClickHouseUser, options.ClickHousePassword, options.StoreMemoryBytes));
        Assert.Equal(("in", 12, "sums", 3), (topics.Requests, topics.RequestsPartitions, topics.Rollups, topics.RollupsPartitions));
        Assert.Equal(("now", 3, "dead", "rules"), (topics.Live, topics.LivePartitions, topics.DeadLetter, topics.Configuration));
        Assert.Equal(("spent", 5, "orders", "books"), (topics.Spend, topics.SpendPartitions, topics.Commands, topics.Ledger));
        Assert.Equal(("answers", "caps", "bells", "who"), (topics.Acks, topics.Budgets, topics.Alerts, topics.Audit));
        Assert.Equal((45_000L, 1_200_000L, true), (options.GraceMs, options.DuplicateHorizonMs, options.JsonLogs));
        Assert.Equal("http://collector:4317", options.OtlpEndpoint);
        Assert.Equal(("tokens.txt", "plain", "others.pem"), (options.TokensFile, options.SigningKey, options.TrustedKeysFile));
    }

    [Theory]
    [InlineData("")]
    [InlineData("  \n\n")]
    public void An_empty_text_changes_nothing(string text)
    {
        var defaults = new NodeOptions { DataDirectory = "here", GraceMs = 5 };
        var (options, errors) = NodeConfigFile.Read(text, defaults);
        Assert.Same(defaults, options);
        Assert.Empty(errors);
    }

    [Fact]
    public void What_the_text_does_not_name_keeps_what_was_there()
    {
        var defaults = new NodeOptions { DataDirectory = "here", Kafka = "k:1", GroupProtocol = GroupProtocol.Consumer, OtlpEndpoint = "http://o" };
        var (options, _) = NodeConfigFile.Read("kafka: {group: g}\ntelemetry: {}\nlog: {format: text}\n", defaults);
        Assert.Equal(("here", "k:1", "g", "http://o"), (options.DataDirectory, options.Kafka, options.GroupPrefix, options.OtlpEndpoint));
        Assert.Equal(GroupProtocol.Consumer, options.GroupProtocol);
        Assert.Equal(GroupProtocol.Classic, NodeConfigFile.Read("kafka: {group_protocol: classic}", defaults).Options.GroupProtocol);
    }

    [Fact]
    public void Every_error_is_named_at_once_with_its_line()
    {
        var (_, errors) = NodeConfigFile.Read(Wrong, new NodeOptions());
        Assert.Equal(Errors, errors.Select((error, i) => i < Errors.Length && error.StartsWith(Errors[i], StringComparison.Ordinal) ? Errors[i] : error));
    }

    [Theory]
    [InlineData("a: [")]
    [InlineData("- a\n- b")]
    [InlineData("just text")]
    [InlineData("data: a\ndata: b")]
    public void A_text_that_is_no_configuration_is_refused(string text)
    {
        Assert.NotEmpty(NodeConfigFile.Read(text, new NodeOptions()).Errors);
    }
}
