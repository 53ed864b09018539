using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using TokenStream.IntegrationTests.Node;
using Xunit;
using Xunit.Abstractions;

namespace TokenStream.IntegrationTests.Gateway;

/// <summary>A budget that is spent in slices: a node, two gateways that are asked for more than it holds, one of them killed.</summary>
public sealed class LeaseTests(ITestOutputHelper output)
{
    private const int Askers = 4;
    private const long Limit = 1_000_000_000_000;

    // gpt-4o: 2.50 USD a million tokens in, 10 out, in picodollars a token. The fake models use as much output as they may.
    private const long PicoIn = 2_500_000;
    private const long PicoOut = 10_000_000;
    private const long TokensOut = 50;
    private const string Body =
        """{"model":"gpt-4o","max_tokens":50,"messages":[{"role":"user","content":"Write a haiku about budgets."}]}""";

    private const string Budgets =
        """
        version: 1
        budgets:
          - name: acme
            scope: {tenant: acme}
            amount: 1 USD
            period: week
            mode: enforce
            leases: true
            passes_breaker: true
        """;

    /// <summary>As a gateway answered them: what was spent, in picodollars, and whether the budget was said to be exhausted.</summary>
    private long _spent;
    private long _exhausted;

    /// <summary>Requests whose answers were lost with the gateway, at their most.</summary>
    private long _lost;

    [FactNeeding("engine")]
    public async Task Two_gateways_spend_nearly_all_of_a_leased_budget_and_not_more_though_one_is_killed()
    {
        using var folder = new TemporaryFolder();
        await using var node = new NodeProcess(Path.Combine(folder.Path, "data"));
        await node.StartAsync();
        var file = Path.Combine(folder.Path, "budgets.yaml");
        await File.WriteAllTextAsync(file, Budgets);
        await NodeProcess.CommandAsync("budgets", "apply", file, "--reason", "test", "--yes", "--kafka", node.Kafka);
        await using var first = Start(node, "g1");
        await using var second = Start(node, "g2");
        using var one = await ClientAsync(first);
        using var other = await ClientAsync(second);

        // The scope is met by a request, and then governed by a lease, which both gateways must have before they are asked for more.
        await Eventually.TrueAsync(
            async () => await AskAsync(one) && await IsLeasedAsync(one) && await IsLeasedAsync(other),
            "both gateways have a slice",
            () => node.Process.Output);

        var watch = Stopwatch.StartNew();
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(12));
        var asking = Ask(one, stop.Token).Concat(Ask(other, stop.Token)).ToArray();
        await UntilAsync(() => Volatile.Read(ref _spent) >= Limit / 2, "half of the budget is spent", node, stop.Token);
        await first.KillAsync();
        await UntilAsync(() => Volatile.Read(ref _spent) >= Limit * 97 / 100, "97 % of the budget are spent", node, stop.Token);
        var exhausted = Volatile.Read(ref _exhausted);
        await UntilAsync(() => Volatile.Read(ref _exhausted) >= exhausted + 100, "the budget is said to be exhausted", node, stop.Token);
        await stop.CancelAsync();
        await Task.WhenAll(asking);

        var spent = string.Create(
            CultureInfo.InvariantCulture,
            $"{_spent / 1e12m:F4} USD of 1 spent, at most {_lost / 1e12m:F4} lost with the killed, in {watch.Elapsed.TotalSeconds:F0} s");
        output.WriteLine(spent);
        Assert.True(_spent + _lost <= Limit * 102 / 100, spent);
        Assert.True(_spent + _lost >= Limit * 97 / 100, spent);
    }

    private static ChildProcess Start(NodeProcess node, string id) => ChildProcess.Start(
        "dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "TokenStream.SampleGateway.dll"), "--kafka", node.Kafka, "--keys",
            Path.Combine(node.Data, "keys", "commands.pub.pem"), "--listen", "http://127.0.0.1:0", "--id", id, "--on-blind", "closed",
        ]);

    private static async Task<HttpClient> ClientAsync(ChildProcess gateway) =>
        new() { BaseAddress = new Uri((await gateway.LineAsync("ready ")).Split(' ')[1]) };

    private static async Task<bool> IsLeasedAsync(HttpClient gateway)
    {
        var state = JsonNode.Parse(await gateway.GetStringAsync(new Uri("/state", UriKind.Relative)))!;
        return state["leases"]!.AsArray().Any(lease => lease!["granted"]!.GetValue<long>() > 0);
    }

    private async Task UntilAsync(Func<bool> condition, string what, NodeProcess node, CancellationToken deadline)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!condition())
        {
            Assert.False(
                deadline.IsCancellationRequested,
                $"It never came to pass that {what}: {Volatile.Read(ref _spent)} of {Limit} pUSD are.\n{node.Process.Output}");
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private Task[] Ask(HttpClient gateway, CancellationToken stop) => [.. Enumerable.Range(0, Askers).Select(_ => Task.Run(async () =>
    {
        // Whoever is told to come back does, sooner than it was told to.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!stop.IsCancellationRequested)
        {
            if (await TryAskAsync(gateway) is not { } isAnswered)
            {
                return;
            }

            if (!isAnswered)
            {
                await timer.WaitForNextTickAsync(CancellationToken.None);
            }
        }
    }))];

    /// <summary>Whether a request was let in; null where the gateway is gone, and what it did with the request nobody knows.</summary>
    private async Task<bool?> TryAskAsync(HttpClient gateway)
    {
        try
        {
            return await AskAsync(gateway);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            Interlocked.Add(ref _lost, (Body.Length * PicoIn) + (TokensOut * PicoOut));
            return null;
        }
    }

    private async Task<bool> AskAsync(HttpClient gateway)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions");
        request.Content = new StringContent(Body, Encoding.UTF8, "application/json");
        request.Headers.Add("x-tenant", "acme");
        using var answer = await gateway.SendAsync(request);
        var json = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        if (answer.StatusCode == HttpStatusCode.OK)
        {
            var usage = json["usage"]!;
            Interlocked.Add(
                ref _spent, (usage["prompt_tokens"]!.GetValue<long>() * PicoIn) + (usage["completion_tokens"]!.GetValue<long>() * PicoOut));
            return true;
        }

        if (json["error"]!["code"]!.GetValue<string>() == "budget_exceeded")
        {
            Interlocked.Increment(ref _exhausted);
        }

        return false;
    }
}
