using System.Text;
using System.Text.Json.Nodes;
using TokenStream.Commands;
using TokenStream.Scopes;
using TokenStream.Tests.Architecture;
using Xunit;

namespace TokenStream.Tests.Commands;

public sealed class CommandFormatTests
{
    /// <summary>Members in this order, amounts as text, absent members left out: gateways of other languages read these bytes.</summary>
    [Fact]
    public void Commands_and_heartbeats_have_these_bytes()
    {
        var expected = SourceTree.Lines("tests/TokenStream.Tests/Commands/commands.jsonl").Where(line => line.Length > 0).ToArray();
        byte[][] written =
        [
            CommandFormat.Write(CommandSamples.Kill),
            CommandFormat.Write(CommandSamples.Throttle),
            CommandFormat.Write(CommandSamples.Release),
            HeartbeatFormat.Write(CommandSamples.Heartbeat),
            CommandFormat.Write(CommandSamples.Lease),
        ];
        Assert.Equal(expected, written.Select(Encoding.UTF8.GetString));
    }

    [Fact]
    public void A_command_reads_back_as_it_was()
    {
        foreach (var command in new[] { CommandSamples.Kill, CommandSamples.Throttle, CommandSamples.Release })
        {
            var bytes = CommandFormat.Write(command);
            Assert.True(CommandFormat.TryRead(bytes, out var read));
            Assert.Equal(bytes, CommandFormat.Write(read));
            Assert.Equal((command.Key, command.Version, command.Action, command.Parameters), (read.Key, read.Version, read.Action, read.Parameters));
            Assert.Equal((command.Ladder, command.ExpiresMs, command.IsProbe), (read.Ladder, read.ExpiresMs, read.IsProbe));
            Assert.Equal(command.Tenants, read.Tenants);
        }

        Assert.True(HeartbeatFormat.TryRead(HeartbeatFormat.Write(CommandSamples.Heartbeat), out var heartbeat));
        Assert.Equal(CommandSamples.Heartbeat, heartbeat);
    }

    /// <summary>The log of commands is the governor's only memory: a member that is not written is forgotten by every successor.</summary>
    [Fact]
    public void Every_member_of_the_ladders_memory_survives_the_log()
    {
        var memory = new LadderMemory { Step = 0, SinceMs = 0, HoldUntilMs = 0, HoldMs = 0 };
        foreach (var (member, i) in typeof(LadderMemory).GetProperties().Where(member => member.CanWrite).Select((member, i) => (member, i)))
        {
            object value = (Nullable.GetUnderlyingType(member.PropertyType) ?? member.PropertyType) switch
            {
                var type when type == typeof(bool) => true,
                var type when type == typeof(int) => 3 + i,
                var type when type == typeof(long) => 1_000L + i,
                var type when type == typeof(Int128) => (Int128)1_000_000 + i,
                var type => throw new InvalidOperationException($"{member.Name} is of {type}, which this test cannot make up"),
            };
            member.SetValue(memory, value);
        }

        Assert.True(CommandFormat.TryRead(CommandFormat.Write(CommandSamples.Kill with { Ladder = memory }), out var read));
        Assert.Equal(memory, read.Ladder);
        var unset = new LadderMemory { Step = -1, SinceMs = 1, HoldUntilMs = 2, HoldMs = 3 };
        Assert.True(CommandFormat.TryRead(CommandFormat.Write(CommandSamples.Kill with { Ladder = unset }), out read));
        Assert.Equal(unset, read.Ladder);
    }

    [Fact]
    public void A_lease_reads_back_as_it_was()
    {
        var bytes = CommandFormat.Write(CommandSamples.Lease);
        Assert.True(CommandFormat.TryRead(bytes, out var read));
        Assert.Equal(bytes, CommandFormat.Write(read));
        Assert.True(read.IsLease);
        Assert.False(read.Parameters.IsTokens);
        Assert.Equal(CommandSamples.Lease.Parameters.Slices, read.Parameters.Slices);
        Assert.Equal(CommandSamples.Lease.Lease!.Instances, read.Lease!.Instances);
        Assert.Equal(CommandSamples.Lease.Lease!.Recent, read.Lease.Recent);
    }

    [Theory]
    [InlineData("\"granted\":\"1200000000000\"", "\"granted\":\"-1\"")]
    [InlineData("\"granted\":\"1200000000000\"", "\"granted\":1200000000000")]
    [InlineData("\"granted\":\"1200000000000\"", "\"granted\":\"170141183460469231731687303715884105727\"")]
    [InlineData("\"gateway\":\"g2\",\"instance\":\"11c0\",\"granted\"", "\"gateway\":\"g2\",\"instance\":\"8f3a\",\"granted\"")]
    [InlineData("\"gateway\":\"g2\",\"instance\":\"11c0\",\"granted\"", "\"gateway\":\"g2\",\"granted\"")]
    [InlineData("\"held\":\"1300000000000\"", "\"held\":\"-1\"")]
    [InlineData("\"amount\":\"7\"", "\"amount\":\"-7\"")]
    [InlineData("\"unit\":\"picodollars\"", "\"unit\":\"cents\"")]
    public void A_lease_that_makes_no_sense_is_refused(string good, string bad)
    {
        var text = Encoding.UTF8.GetString(CommandFormat.Write(CommandSamples.Lease));
        Assert.Contains(good, text, StringComparison.Ordinal);
        Assert.False(CommandFormat.TryRead(Encoding.UTF8.GetBytes(text.Replace(good, bad, StringComparison.Ordinal)), out _));
    }

    [Fact]
    public void Members_that_a_later_version_adds_are_passed_over()
    {
        var text = Encoding.UTF8.GetString(CommandFormat.Write(CommandSamples.Release))[..^1] + ""","later":{"deep":[1,2]}}""";
        Assert.True(CommandFormat.TryRead(Encoding.UTF8.GetBytes(text), out _));
    }

    [Theory]
    [InlineData("format", "2")]
    [InlineData("id", "\"\"")]
    [InlineData("id", "null")]
    [InlineData("scope", "\"tenant=\"")]
    [InlineData("scope", "\"feature=a;tenant=b\"")]
    [InlineData("scope", "\"tenant=<each>\"")]
    [InlineData("source", "\"nothing\"")]
    [InlineData("epoch", "-1")]
    [InlineData("epoch", "9223372036854775808")]
    [InlineData("counter", "\"3\"")]
    [InlineData("action", "6")]
    [InlineData("action", "\"explode\"")]
    [InlineData("action", "\"throttle\"")]
    [InlineData("action", "\"trim_output\"")]
    [InlineData("action", "\"route_to\"")]
    [InlineData("parameters", "{\"tokens_per_minute\":-1}")]
    [InlineData("issued_ms", "1.5")]
    [InlineData("tenants", "[\"\"]")]
    [InlineData("tenants", "[null]")]
    [InlineData("tenants", "\"acme\"")]
    [InlineData("reason", "\"\\ud800\"")]
    public void A_member_that_makes_no_sense_refuses_the_command(string member, string value)
    {
        var json = JsonNode.Parse(CommandFormat.Write(CommandSamples.Release))!.AsObject();
        json.Remove(member);
        var text = json.ToJsonString()[..^1] + $",\"{member}\":{value}}}";
        Assert.False(CommandFormat.TryRead(Encoding.UTF8.GetBytes(text), out _));
    }

    [Theory]
    [InlineData("id")]
    [InlineData("scope")]
    [InlineData("source")]
    [InlineData("epoch")]
    [InlineData("counter")]
    [InlineData("action")]
    [InlineData("issued_ms")]
    [InlineData("reason")]
    public void A_member_that_is_missing_or_there_twice_refuses_the_command(string member)
    {
        var json = JsonNode.Parse(CommandFormat.Write(CommandSamples.Release))!.AsObject();
        var value = json[member]!.ToJsonString();
        var twice = json.ToJsonString()[..^1] + $",\"{member}\":{value}}}";
        Assert.False(CommandFormat.TryRead(Encoding.UTF8.GetBytes(twice), out _));
        json.Remove(member);
        Assert.False(CommandFormat.TryRead(Encoding.UTF8.GetBytes(json.ToJsonString()), out _));
    }

    [Fact]
    public void A_persons_request_reads_back_under_its_own_key_only()
    {
        var request = new ManualRequest
        {
            Id = "k-1",
            Action = CommandAction.Kill,
            Scope = Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact("acme"))),
            UntilMs = 5,
            Reason = "loops",
            By = "ada",
            AtMs = 1,
        };
        var bytes = RequestFormat.Write(request);
        Assert.Equal(
            """{"format":1,"id":"k-1","action":"kill","scope":"tenant=acme","until_ms":5,"reason":"loops","by":"ada","at_ms":1}""", Encoding.UTF8.GetString(bytes));
        Assert.True(RequestFormat.TryRead("manual/k-1", bytes, out var read));
        Assert.Equal(request, read);
        Assert.False(RequestFormat.TryRead("manual/k-2", bytes, out _));
        Assert.False(RequestFormat.TryRead("manual/k-1", RequestFormat.Write(request with { Action = CommandAction.None }), out _));
        Assert.False(RequestFormat.TryRead("manual/k-1", RequestFormat.Write(request with { Action = CommandAction.Lease }), out _));
        Assert.False(RequestFormat.TryRead("manual/K", RequestFormat.Write(request with { Id = "K" }), out _));
    }

    [Fact]
    public void A_request_is_in_force_until_its_end_or_its_release()
    {
        var request = new ManualRequest { Id = "k", Action = CommandAction.Kill, Scope = Scope.Everything, Reason = "r", By = "b", AtMs = 1 };
        Assert.True(request.IsInForce(long.MaxValue));
        Assert.True((request with { UntilMs = 5 }).IsInForce(4));
        Assert.False((request with { UntilMs = 5 }).IsInForce(5));
        Assert.False((request with { ReleasedMs = 2 }).IsInForce(1));
    }

    [Fact]
    public void A_pause_reads_back()
    {
        var pause = new GovernPause(true, "wrong price", "ada", 7);
        var bytes = RequestFormat.Write(pause);
        Assert.Equal("""{"format":1,"paused":true,"reason":"wrong price","by":"ada","at_ms":7}""", Encoding.UTF8.GetString(bytes));
        Assert.True(RequestFormat.TryRead(bytes, out GovernPause? read));
        Assert.Equal(pause, read);
        Assert.False(RequestFormat.TryRead("{}"u8, out GovernPause? _));
    }
}
