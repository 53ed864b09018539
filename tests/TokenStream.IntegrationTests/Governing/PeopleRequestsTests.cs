using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Commands;
using TokenStream.IntegrationTests.Kafka;
using TokenStream.Kafka;
using TokenStream.Scopes;
using TokenStream.Service.Governing;
using TokenStream.Service.Options;
using Xunit;

namespace TokenStream.IntegrationTests.Governing;

[Collection(nameof(KafkaTests))]
public sealed class PeopleRequestsTests(KafkaLogs logs)
{
    private static readonly Actor Ada = new("ada", "test");

    [Fact]
    public async Task A_request_is_asked_released_and_traced()
    {
        var options = await OptionsAsync();
        using var connection = Open(options);
        var draft = new RequestDraft
        {
            Action = CommandAction.Kill,
            Scope = new Dictionary<ScopeDimension, string> { [ScopeDimension.Tenant] = "acme" },
            UntilReleased = true,
            Reason = "loops",
        };
        var request = draft.Make(0, name => name, out _)!;
        await connection.Requests.AskAsync(request, Ada);

        using var elsewhere = Open(options);
        var seen = Assert.Single((await elsewhere.Requests.ReadAsync()).Requests);
        Assert.Equal((request.Id, "ada", true), (seen.Id, seen.By, seen.IsInForce(long.MaxValue)));

        Assert.Null(await elsewhere.Requests.ReleaseAsync("nobody", "r", Ada));
        var released = await elsewhere.Requests.ReleaseAsync(request.Id, "mended", new Actor("bob", "test"));
        Assert.Equal(("bob", "mended"), (released!.ReleasedBy, released.ReleasedReason));
        Assert.False(Assert.Single((await connection.Requests.ReadAsync()).Requests).IsInForce(0));

        // Who comes second changes nothing.
        Assert.Equal(released, await connection.Requests.ReleaseAsync(request.Id, "again", Ada));

        var trail = ReadAudit(options);
        Assert.Equal(["kill ada loops", "release bob mended"], trail.Select(record => $"{record.Action} {record.By} {record.Reason}"));
        Assert.All(trail, record => Assert.Equal((AuditKind.Command, "tenant=acme", "test"), (record.Kind, record.Subject, record.From)));
        Assert.Equal(trail[0].After, trail[1].Before);
    }

    [Fact]
    public async Task The_stop_button_is_the_last_word_of_whoever_pressed_it()
    {
        var options = await OptionsAsync();
        using var connection = Open(options);
        Assert.False((await connection.Requests.ReadAsync()).Pause.Paused);
        await connection.Requests.PauseAsync(paused: true, "wrong price", Ada);
        Assert.Equal((true, "wrong price", "ada"), Said(await connection.Requests.ReadAsync()));
        await connection.Requests.PauseAsync(paused: false, "mended", new Actor("bob", "test"));
        Assert.Equal((false, "mended", "bob"), Said(await connection.Requests.ReadAsync()));
        Assert.Equal(["pause", "resume"], ReadAudit(options).Select(record => record.Action));

        static (bool, string, string) Said(TokenStream.Governing.GovernControls controls) => (controls.Pause.Paused, controls.Pause.Reason, controls.Pause.By);
    }

    [Fact]
    public async Task Records_of_others_on_the_topic_ask_for_nothing()
    {
        var options = await OptionsAsync();
        using var topic = new ConfigurationTopic(options.ToKafka(options.Kafka!), options.Topics.Budgets, "test-other", NullLogger.Instance);
        await topic.AppendAsync("budgets/0000000001", "{}"u8.ToArray());
        await topic.AppendAsync("manual/x", "garbage"u8.ToArray());
        await topic.AppendAsync(RequestFormat.PauseKey, "[1]"u8.ToArray());
        using var connection = Open(options);
        var controls = await connection.Requests.ReadAsync();
        Assert.Empty(controls.Requests);
        Assert.False(controls.Pause.Paused);
    }

    [Fact]
    public async Task People_see_the_commands_that_a_gateway_would_believe_and_how_many_it_would_not()
    {
        var options = await OptionsAsync();
        using var signer = new SigningKeys(options).OpenOrCreate();
        using var thief = new CommandSigner(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        var kill = new Command
        {
            Id = "c-1-2",
            Scope = Scope.Everything,
            Source = "budget/b",
            Version = new CommandVersion(1, 2),
            Action = CommandAction.Kill,
            IssuedMs = 1,
            ExpiresMs = 10,
            Reason = "r",
        };
        using var topic = new ConfigurationTopic(options.ToKafka(options.Kafka!), options.Topics.Commands, "test-writer", NullLogger.Instance);
        await topic.AppendAsync(kill.Key, signer.Sign(kill));
        await topic.AppendAsync(kill.Key, signer.Sign(kill with { Id = "c-1-1", Version = new CommandVersion(1, 1), Action = CommandAction.None }));
        await topic.AppendAsync(kill.Key, thief.Sign(kill with { Version = new CommandVersion(9, 9), Action = CommandAction.None }));
        await topic.AppendAsync(kill.Key, null);
        await topic.AppendAsync("heartbeat/0", signer.Sign(new Heartbeat { Partition = 0, Version = new CommandVersion(1, 2), AtMs = 5 }));
        await topic.AppendAsync("heartbeat/0", Encoding.UTF8.GetBytes("{}"));

        using var connection = Open(options);
        connection.Commands.Refresh();
        var command = Assert.Single(connection.Commands.Commands);
        Assert.Equal("c-1-2", command.Id);
        Assert.True(CommandTopic.IsActive(command, 9));
        Assert.False(CommandTopic.IsActive(command, 10));
        Assert.Equal(5, Assert.Single(connection.Commands.Heartbeats).AtMs);
        Assert.Equal([(CommandRefusal.NotSigned, 1), (CommandRefusal.UnknownKey, 1)], connection.Commands.Refused.OrderBy(p => p.Key).Select(p => (p.Key, p.Value)));

        // An automatic command is undone by an exemption of its scope, a person's by its release.
        var undone = await Undoing.UndoAsync(connection.Requests, connection.Commands.Commands, "c-1-2", "wrong", "1h", Ada, TimeProvider.System);
        Assert.Null(undone.Error);
        var allow = Assert.Single((await connection.Requests.ReadAsync()).Requests);
        Assert.Equal((CommandAction.Allow, "all"), (allow.Action, allow.Scope.Text));
        Assert.Null((await Undoing.UndoAsync(connection.Requests, connection.Commands.Commands, allow.Id, "enough", "1h", Ada, TimeProvider.System)).Error);
        Assert.NotNull((await connection.Requests.ReadAsync()).Requests.Single().ReleasedMs);
        Assert.NotNull((await Undoing.UndoAsync(connection.Requests, connection.Commands.Commands, "nothing", "x", "1h", Ada, TimeProvider.System)).Error);
    }

    private async Task<NodeOptions> OptionsAsync()
    {
        var kafka = logs.Options(KafkaLogs.Embedded);
        return new NodeOptions
        {
            Kafka = kafka.BootstrapServers,
            DataDirectory = Directory.CreateTempSubdirectory("people-").FullName,
            Topics = new TopicLayout
            {
                Budgets = await KafkaLogs.TopicAsync(kafka, 1, ("cleanup.policy", "compact")),
                Audit = await KafkaLogs.TopicAsync(kafka, 1),
                Commands = await KafkaLogs.TopicAsync(kafka, 1, ("cleanup.policy", "compact")),
            },
        };
    }

    private static GovernConnection Open(NodeOptions options) => new(options, options.ToKafka(options.Kafka!), TimeProvider.System, NullLogger.Instance);

    private static List<AuditRecord> ReadAudit(NodeOptions options)
    {
        using var topic = new ConfigurationTopic(options.ToKafka(options.Kafka!), options.Topics.Audit, "test-audit", NullLogger.Instance);
        return [.. topic.ReadToEnd().Select(record => AuditRecord.Parse(record.Value)!)];
    }
}
