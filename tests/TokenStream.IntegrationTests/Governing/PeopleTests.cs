using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using TokenStream.IntegrationTests.Node;
using Xunit;

namespace TokenStream.IntegrationTests.Governing;

/// <summary>What a person types, against a node as people run it.</summary>
public sealed partial class PeopleTests
{
    [FactNeeding("engine")]
    public async Task What_is_typed_is_asked_shown_taken_back_and_traced()
    {
        using var folder = new TemporaryFolder();
        await using var node = new NodeProcess(folder.Path);
        await node.StartAsync();
        var keys = Path.Combine(folder.Path, "keys", "commands.pub.pem");
        Assert.Matches(KeyId(), await NodeProcess.CommandAsync("keys", "show", "--data", folder.Path));

        Assert.Contains("--for and --until-released", await RefusedAsync("kill", "--tenant", "acme", "--reason", "loops"), StringComparison.Ordinal);
        Assert.Contains("--reason", await RefusedAsync("govern", "pause"), StringComparison.Ordinal);
        var asked = await SaidAsync("kill", "--tenant", "acme", "--feature", "email-*", "--for", "2h", "--reason", "loops");
        var id = RequestId().Match(asked).Value;
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{node.HttpPort}") };
        var request = Assert.Single((await GetAsync("/v1/commands"))["requests"]!.AsArray())!;
        Assert.Equal((id, "tenant=acme;feature=email-*"), (request["id"]!.GetValue<string>(), request["scope"]!.GetValue<string>()));

        // The owner of the scope's partition makes the signed command of it.
        await Eventually.TrueAsync(
            async () => (await GetAsync("/v1/commands"))["commands"]!.AsArray().Any(command => command!["source"]!.GetValue<string>() == $"manual/{id}"),
            "the request is a signed command",
            () => node.Process.Output);
        Assert.Contains($"kill  tenant=acme;feature=email-*  manual/{id}", await SaidAsync("commands", "--keys", keys), StringComparison.Ordinal);
        Assert.Contains("not believed", await SaidAsync("commands"), StringComparison.Ordinal);

        await SaidAsync("govern", "pause", "--reason", "wrong price");
        Assert.Contains("Paused by", await SaidAsync("govern", "status", "--keys", keys), StringComparison.Ordinal);
        await SaidAsync("govern", "resume", "--reason", "mended");
        Assert.Contains("Not paused", await SaidAsync("govern", "status", "--keys", keys), StringComparison.Ordinal);
        Assert.Contains("is released", await SaidAsync("release", id, "--reason", "mended"), StringComparison.Ordinal);
        Assert.Contains("there is no request", await RefusedAsync("release", "nobody", "--reason", "r"), StringComparison.Ordinal);
        Assert.Empty((await GetAsync("/v1/commands"))["requests"]!.AsArray());
        await Eventually.TrueAsync(
            async () => (await node.QueryAsync("SELECT groupArray((action, state)) FROM (SELECT action, state FROM tokenstream.commands ORDER BY epoch, counter)"))
                == "[('kill','replaced'),('none','released')]\n",
            "the table of commands has the kill and its release",
            () => node.Process.Output);
        Assert.Contains("none (released)", await SaidAsync("commands", "--all", "--keys", keys), StringComparison.Ordinal);
        Assert.Contains("heartbeat", await SaidAsync("govern", "status", "--keys", keys), StringComparison.Ordinal);

        await Eventually.TrueAsync(
            async () => await node.QueryAsync("SELECT groupArray(action) FROM (SELECT action FROM tokenstream.audit ORDER BY at)") == "['kill','pause','resume','release']\n",
            "the table of the audit has every change",
            () => node.Process.Output);

        async Task<JsonObject> GetAsync(string path) => JsonNode.Parse(await http.GetStringAsync(new Uri(path, UriKind.Relative)))!.AsObject();

        Task<string> SaidAsync(params string[] arguments) => NodeProcess.CommandAsync([.. arguments, "--kafka", node.Kafka]);

        async Task<string> RefusedAsync(params string[] arguments)
        {
            var (code, output) = await ChildProcess.RunAsync("dotnet", [TestPaths.Service, .. arguments, "--kafka", node.Kafka]);
            Assert.Equal(1, code);
            return output;
        }
    }

    [GeneratedRegex("^# kid [0-9a-f]{16}", RegexOptions.Multiline)]
    private static partial Regex KeyId();

    [GeneratedRegex("kill-[0-9a-f]{8}")]
    private static partial Regex RequestId();
}
