using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using TokenStream.Commands;
using TokenStream.Gateway;
using TokenStream.Scopes;
using Xunit;

namespace TokenStream.IntegrationTests.Gateway;

public sealed class GatewayTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task A_kill_reaches_decisions_is_acknowledged_and_its_blocked_demand_is_published()
    {
        await using var topics = await CommandTopics.StartAsync();
        await using var gateway = await StartAsync(topics);
        Assert.True(Decide(gateway));
        var kill = await topics.IssueAsync("tenant=acme", CommandAction.Kill);
        await EventuallyAsync(() => !Decide(gateway), "the kill is obeyed");

        var ack = await topics.FindAsync("tokenstream.acks", value => value.Contains("\"applied\"", StringComparison.Ordinal));
        Assert.True(GatewayAckFormat.TryRead(Encoding.UTF8.GetBytes(ack), out var applied));
        Assert.Equal((kill.Id, kill.Key, kill.Version), (applied.CommandId, applied.Key, applied.Version));
        var blocked = await topics.FindAsync("llm.requests", value => value.Contains("blocked_budget", StringComparison.Ordinal));
        Assert.Contains($"\"command_id\":\"{kill.Id}\"", blocked, StringComparison.Ordinal);

        await topics.IssueAsync("tenant=acme", CommandAction.None);
        await EventuallyAsync(() => Decide(gateway), "the release is obeyed");
    }

    [Fact]
    public async Task Forged_unsigned_deleted_replayed_and_copied_records_change_nothing()
    {
        await using var topics = await CommandTopics.StartAsync();
        var kill = await topics.IssueAsync("tenant=acme", CommandAction.Kill);
        await using var gateway = await StartAsync(topics);
        Assert.False(Decide(gateway));
        var release = kill with { Action = CommandAction.None, Version = new CommandVersion(9, 9) };
        var partition = kill.Scope.Partition(CommandTopics.Partitions);
        using var stranger = new CommandSigner(System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256));
        await topics.SendAsync(partition, kill.Key, stranger.Sign(release));
        await topics.SendAsync(partition, kill.Key, CommandFormat.Write(release));
        await topics.SendAsync(partition, kill.Key, null);

        // Signed well, but copied under another key, into another partition, or no newer than what stands.
        var stray = kill with { Scope = Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact("globex"))), Version = new CommandVersion(1, 99) };
        await topics.SendAsync(partition, kill.Key, topics.Sign(stray));
        var elsewhere = (stray.Scope.Partition(CommandTopics.Partitions) + 1) % CommandTopics.Partitions;
        await topics.SendAsync(elsewhere, stray.Key, topics.Sign(stray));
        await topics.SendAsync(partition, kill.Key, topics.Sign(release with { Version = kill.Version }));
        await topics.SendAsync(partition, kill.Key, topics.Sign(release with { Version = default }));

        // Another command in the same partition comes after them: what it followed was read.
        await topics.IssueAsync("tenant=acme", CommandAction.TrimOutput, new ActionParameters { MaxOutputTokens = 5 }, "manual/2");
        await EventuallyAsync(() => gateway.ActiveCommands == 2, "both commands are in force");
        Assert.False(Decide(gateway));
        Assert.True(Decide(gateway, "globex"));
    }

    [Fact]
    public async Task Without_its_broker_the_last_known_goes_on_and_a_new_gateway_knows_it_at_once()
    {
        await using var topics = await CommandTopics.StartAsync();
        await using var gateway = await StartAsync(topics);
        await topics.IssueAsync("tenant=acme", CommandAction.Kill);
        await EventuallyAsync(() => !Decide(gateway), "the kill is obeyed");

        await topics.KillLogAsync();
        await EventuallyAsync(() => gateway.State == GatewayState.Stale, "the silence is noticed");
        Assert.False(Decide(gateway));
        Assert.True(Decide(gateway, "other"));

        await topics.RestartLogAsync();
        await EventuallyAsync(() => gateway.State == GatewayState.Fresh, "the gateway hears again");
        Assert.False(Decide(gateway));
        await using var second = await StartAsync(topics);
        Assert.False(Decide(second));
        await topics.IssueAsync("tenant=acme", CommandAction.None);
        await EventuallyAsync(() => Decide(gateway) && Decide(second), "the release is obeyed by both");
    }

    [Fact]
    public async Task The_sample_gateway_answers_obeys_and_ends_streams()
    {
        await using var topics = await CommandTopics.StartAsync();
        await using var sample = ChildProcess.Start(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "TokenStream.SampleGateway.dll"), "--kafka", topics.Address, "--keys", topics.KeyFile,
                "--listen", "http://127.0.0.1:0", "--pace", "50",
            ]);
        var address = (await sample.LineAsync("ready ")).Split(' ')[1];
        using var client = new HttpClient { BaseAddress = new Uri(address) };
        using (var answer = await PostAsync(client, """{"model":"gpt-5","max_tokens":7,"messages":[]}"""))
        {
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Contains("\"completion_tokens\":7", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        await topics.FindAsync("llm.requests", value => value.Contains("\"tokens_out\":7", StringComparison.Ordinal));
        using var running = await PostAsync(client, """{"model":"gpt-5","max_tokens":4000,"stream":true,"messages":[]}""");
        await using var stream = await running.Content.ReadAsStreamAsync();
        await topics.IssueAsync("tenant=acme", CommandAction.Kill, new ActionParameters { AbortStreams = true });
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            var buffer = new byte[1024];
            while (await stream.ReadAsync(buffer) > 0)
            {
                // The tokens before the kill.
            }
        });
        using var refused = await PostAsync(client, """{"model":"gpt-5","messages":[]}""");
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("tokenstream_killed", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static async Task<TokenStreamGateway> StartAsync(CommandTopics topics)
    {
        var gateway = new TokenStreamGateway(
            Options.Create(new TokenStreamGatewayOptions { BootstrapServers = topics.Address, PublicKeyFile = topics.KeyFile, OnBlind = OnBlind.Closed }),
            TimeProvider.System,
            NullLogger<TokenStreamGateway>.Instance);
        gateway.Start();
        await gateway.Completed.WaitAsync(Patience);
        await EventuallyAsync(() => gateway.State == GatewayState.Fresh, "a heartbeat comes");
        return gateway;
    }

    private static bool Decide(TokenStreamGateway gateway, string tenant = "acme") => gateway.Decide(new GatewayRequest
    {
        Tenant = tenant, Provider = "openai", Model = "gpt-5", TokensIn = 10, MaxTokens = 10,
    }).IsAllowed;

    private static Task EventuallyAsync(Func<bool> condition, string what) =>
        Eventually.TrueAsync(() => Task.FromResult(condition()), what, () => "");

    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("x-tenant", "acme");
        return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }
}
