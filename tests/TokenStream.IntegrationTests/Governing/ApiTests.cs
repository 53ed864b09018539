using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Governing.Alerts;
using TokenStream.Governing.Evaluation;
using TokenStream.IntegrationTests.Kafka;
using TokenStream.Kafka;
using TokenStream.Scopes;
using TokenStream.Service.Governing;
using TokenStream.Service.Http;
using TokenStream.Service.Node;
using TokenStream.Service.Options;
using Xunit;

namespace TokenStream.IntegrationTests.Governing;

/// <summary>The API over real HTTP: each refusal, and what is let in.</summary>
[Collection(nameof(KafkaTests))]
public sealed class ApiTests(KafkaLogs logs) : IAsyncLifetime
{
    private const string Kill = """{"action":"kill","scope":{"tenant":"acme"},"for":"2h","reason":"loops"}""";

    private static readonly string[] Roles = ["viewer", "operator", "tenant"];

    private readonly TemporaryFolder _folder = new();
    private readonly List<IAsyncDisposable> _ends = [];
    private NodeOptions _options = new();

    public async Task InitializeAsync()
    {
        var kafka = logs.Options(KafkaLogs.Embedded);
        _options = new NodeOptions
        {
            Kafka = kafka.BootstrapServers,
            Listen = "127.0.0.1:0",
            DataDirectory = _folder.Path,
            Topics = new TopicLayout
            {
                Budgets = await KafkaLogs.TopicAsync(kafka, 1, ("cleanup.policy", "compact")),
                Audit = await KafkaLogs.TopicAsync(kafka, 1),
                Configuration = await KafkaLogs.TopicAsync(kafka, 1, ("cleanup.policy", "compact")),
                BudgetStates = await KafkaLogs.TopicAsync(kafka, 1),
                Commands = await KafkaLogs.TopicAsync(kafka, 1, ("cleanup.policy", "compact")),
            },
        };
        new SigningKeys(_options).OpenOrCreate().Dispose();
    }

    public async Task DisposeAsync()
    {
        foreach (var end in _ends.AsEnumerable().Reverse())
        {
            await end.DisposeAsync();
        }

        _folder.Dispose();
    }

    [Fact]
    public async Task A_person_on_the_machine_asks_sees_and_takes_back()
    {
        using var http = await StartAsync(_options);
        using var asked = await SendAsync(http, HttpMethod.Post, "/v1/commands", Kill);
        Assert.Equal(HttpStatusCode.Created, asked.StatusCode);
        var id = (await ReadAsync(asked))["id"]!.GetValue<string>();
        Assert.Equal($"/v1/commands/{id}", asked.Headers.Location!.ToString());

        var listed = await ReadAsync(await http.GetAsync(new Uri("/v1/commands", UriKind.Relative)));
        Assert.Equal((id, "tenant=acme", "local"), Said(Assert.Single(listed["requests"]!.AsArray())!));

        using var released = await SendAsync(http, HttpMethod.Delete, $"/v1/commands/{id}?reason=mended", null);
        Assert.Equal(HttpStatusCode.OK, released.StatusCode);
        listed = await ReadAsync(await http.GetAsync(new Uri("/v1/commands", UriKind.Relative)));
        Assert.Empty(listed["requests"]!.AsArray());

        using var paused = await SendAsync(http, HttpMethod.Post, "/v1/govern/pause", """{"reason":"wrong price"}""");
        Assert.Equal(HttpStatusCode.OK, paused.StatusCode);
        var status = await ReadAsync(await http.GetAsync(new Uri("/v1/govern", UriKind.Relative)));
        Assert.True(status["pause"]!["paused"]!.GetValue<bool>());
        using var resumed = await SendAsync(http, HttpMethod.Post, "/v1/govern/resume", """{"reason":"mended"}""");
        Assert.False((await ReadAsync(resumed))["paused"]!.GetValue<bool>());
        Assert.Equal(["kill", "release", "pause", "resume"], ReadAudit().Select(record => record.Action));
        Assert.All(ReadAudit(), record => Assert.Equal(("local", "api 127.0.0.1"), (record.By, record.From)));

        static (string, string, string) Said(JsonNode request) =>
            (request["id"]!.GetValue<string>(), request["scope"]!.GetValue<string>(), request["by"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_request_that_makes_no_sense_is_a_problem_that_names_everything_wrong()
    {
        using var http = await StartAsync(_options);
        foreach (var (body, member) in new[]
        {
            ("""{"action":"kill","scope":{"tenant":"acme"}}""", "'for'"),
            ("""{"action":"explode","reason":"r"}""", "'action'"),
            ("""{"action":"kill","scope":{"planet":"x"},"for":"1h","reason":"r"}""", "planet"),
            ("""{"action":"kill","scope":{"tenant":"acme"},"for":"1h","reason":"r","extra":1}""", "extra"),
            ("""{"action":"kill","action":"kill"}""", "JSON"),
            ("{", "JSON"),
            ("null", "JSON"),
        })
        {
            using var answer = await SendAsync(http, HttpMethod.Post, "/v1/commands", body);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
            var problem = await ReadAsync(answer);
            Assert.Equal((400, "urn:tokenstream:problem:invalid"), (problem["status"]!.GetValue<int>(), problem["type"]!.GetValue<string>()));
            Assert.Contains(problem["errors"]!.AsArray(), error => error!.GetValue<string>().Contains(member, StringComparison.Ordinal));
        }

        using var unreasoned = await SendAsync(http, HttpMethod.Post, "/v1/govern/pause", "{}");
        Assert.Equal(HttpStatusCode.BadRequest, unreasoned.StatusCode);
        using var unknown = await SendAsync(http, HttpMethod.Delete, "/v1/commands/nobody?reason=r", null);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        using var silent = await SendAsync(http, HttpMethod.Delete, "/v1/commands/nobody", null);
        Assert.Equal(HttpStatusCode.BadRequest, silent.StatusCode);
        using var tooLong = await SendAsync(http, HttpMethod.Post, "/v1/commands", new string(' ', (1 << 20) + 1));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLong.StatusCode);
        Assert.Empty(ReadAudit());
    }

    [Fact]
    public async Task What_a_foreign_page_could_have_sent_is_refused()
    {
        using var http = await StartAsync(_options);
        using var form = await SendAsync(http, HttpMethod.Post, "/v1/commands", Kill, contentType: "text/plain");
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, form.StatusCode);
        using var none = await SendAsync(http, HttpMethod.Post, "/v1/commands", Kill, contentType: null);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, none.StatusCode);
        using var page = await SendAsync(http, HttpMethod.Post, "/v1/commands", Kill, ("Origin", "https://evil.example"));
        Assert.Equal(HttpStatusCode.Forbidden, page.StatusCode);
        using var nowhere = await SendAsync(http, HttpMethod.Delete, "/v1/commands/x?reason=r", null, ("Origin", "null"));
        Assert.Equal(HttpStatusCode.Forbidden, nowhere.StatusCode);
        using var rebound = await SendAsync(http, HttpMethod.Get, "/v1/commands", null, ("Host", "evil.example"));
        Assert.Equal(HttpStatusCode.Forbidden, rebound.StatusCode);
        using var own = await SendAsync(http, HttpMethod.Post, "/v1/commands", Kill, ("Origin", http.BaseAddress!.GetLeftPart(UriPartial.Authority)));
        Assert.Equal(HttpStatusCode.Created, own.StatusCode);
        Assert.Single(ReadAudit());
    }

    [Fact]
    public async Task An_address_that_others_reach_changes_nothing_without_tokens()
    {
        using var http = await StartAsync(_options with { Listen = "0.0.0.0:0", AllowRemote = true });
        using var read = await http.GetAsync(new Uri("/v1/commands", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        using var write = await SendAsync(http, HttpMethod.Post, "/v1/commands", Kill);
        Assert.Equal(HttpStatusCode.Forbidden, write.StatusCode);
        Assert.Contains("tokenstream tokens add", (await ReadAsync(write))["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Empty(ReadAudit());
    }

    [Fact]
    public async Task With_tokens_everybody_needs_one_and_may_do_what_its_role_and_tenant_allow()
    {
        var file = Path.Combine(_folder.Path, "tokens.txt");
        var secrets = Roles.ToDictionary(name => name, _ => ApiToken.NewSecret());
        await File.WriteAllLinesAsync(file,
        [
            "# who may",
            new ApiToken("vera", ApiRole.Viewer, null, ApiToken.HashOf(secrets["viewer"])).Line(),
            new ApiToken("olga", ApiRole.Operator, null, ApiToken.HashOf(secrets["operator"])).Line(),
            new ApiToken("theo", ApiRole.Operator, "beta", ApiToken.HashOf(secrets["tenant"])).Line(),
        ]);
        using var http = await StartAsync(_options with { TokensFile = file });
        using var nobody = await http.GetAsync(new Uri("/v1/commands", UriKind.Relative));
        Assert.Equal((HttpStatusCode.Unauthorized, "Bearer"), (nobody.StatusCode, nobody.Headers.WwwAuthenticate.ToString()));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync("ts_wrong", Kill));
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(secrets["viewer"], Kill));
        Assert.Equal(HttpStatusCode.Created, await AskAsync(secrets["operator"], Kill));

        // A token of one tenant neither sees nor changes another's, and stops nothing for all.
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(secrets["tenant"], Kill));
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(secrets["tenant"], """{"action":"kill","scope":{"tenant":"bet*"},"for":"2h","reason":"r"}"""));
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(secrets["tenant"], """{"action":"kill","everything":true,"for":"2h","reason":"r"}"""));
        Assert.Equal(HttpStatusCode.Created, await AskAsync(secrets["tenant"], Kill.Replace("acme", "beta", StringComparison.Ordinal)));
        using var pause = await SendAsync(http, HttpMethod.Post, "/v1/govern/pause", """{"reason":"r"}""", ("Authorization", $"Bearer {secrets["tenant"]}"));
        Assert.Equal(HttpStatusCode.Forbidden, pause.StatusCode);
        using var list = await SendAsync(http, HttpMethod.Get, "/v1/commands", null, ("Authorization", $"Bearer {secrets["tenant"]}"));
        Assert.Equal("tenant=beta", Assert.Single((await ReadAsync(list))["requests"]!.AsArray())!["scope"]!.GetValue<string>());
        using var all = await SendAsync(http, HttpMethod.Get, "/v1/commands", null, ("Authorization", $"Bearer {secrets["viewer"]}"));
        var foreign = (await ReadAsync(all))["requests"]!.AsArray().Single(request => request!["scope"]!.GetValue<string>() == "tenant=acme")!["id"]!.GetValue<string>();
        using var undo = await SendAsync(http, HttpMethod.Delete, $"/v1/commands/{foreign}?reason=r", null, ("Authorization", $"Bearer {secrets["tenant"]}"));
        Assert.Equal(HttpStatusCode.NotFound, undo.StatusCode);
        Assert.Equal(["olga", "theo"], ReadAudit().Select(record => record.By));

        // Taken away without a restart.
        await File.WriteAllTextAsync(file, "");
        File.SetLastWriteTimeUtc(file, new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(secrets["operator"], Kill));

        async Task<HttpStatusCode> AskAsync(string secret, string body)
        {
            using var answer = await SendAsync(http, HttpMethod.Post, "/v1/commands", body, ("Authorization", $"Bearer {secret}"));
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task A_command_on_the_log_is_shown_where_its_signature_is_right()
    {
        var command = new Command
        {
            Id = "c-1-1",
            Scope = Scope.Everything,
            Source = "budget/b",
            Version = new CommandVersion(1, 1),
            Action = CommandAction.Kill,
            IssuedMs = 1,
            Reason = "r",
        };
        using (var signer = new SigningKeys(_options).OpenOrCreate())
        using (var topic = new ConfigurationTopic(_options.ToKafka(_options.Kafka!), _options.Topics.Commands, "test-writer", NullLogger.Instance))
        {
            await topic.AppendAsync(command.Key, signer.Sign(command));
            await topic.AppendAsync("all|budget/c", CommandFormat.Write(command with { Source = "budget/c" }));
        }

        using var http = await StartAsync(_options);
        var listed = await ReadAsync(await http.GetAsync(new Uri("/v1/commands", UriKind.Relative)));
        Assert.Equal("c-1-1", Assert.Single(listed["commands"]!.AsArray())!["id"]!.GetValue<string>());

        // An automatic one is undone by an exemption.
        using var undone = await SendAsync(http, HttpMethod.Delete, "/v1/commands/c-1-1?reason=wrong&for=30m", null);
        Assert.Equal(HttpStatusCode.OK, undone.StatusCode);
        listed = await ReadAsync(await http.GetAsync(new Uri("/v1/commands", UriKind.Relative)));
        Assert.Equal("allow", Assert.Single(listed["requests"]!.AsArray())!["action"]!.GetValue<string>());
    }

    [Fact]
    public async Task Budgets_are_put_shown_and_refused_with_every_error()
    {
        const string Budgets = "version: 1\nbudgets:\n  - {name: acme, scope: {tenant: acme}, amount: 500 USD, period: month}\n  - {name: beta, scope: {tenant: beta}, amount: 7 USD, period: day}\n";
        using var http = await StartAsync(_options);
        using var put = await SendAsync(http, HttpMethod.Put, "/v1/budgets?reason=first", Budgets, contentType: "application/yaml");
        Assert.Equal(1, (await ReadAsync(put))["version"]!.GetValue<long>());
        using var again = await SendAsync(http, HttpMethod.Put, "/v1/budgets?reason=again", Budgets, contentType: "application/yaml");
        Assert.Equal(1, (await ReadAsync(again))["version"]!.GetValue<long>());

        var shown = await ReadAsync(await http.GetAsync(new Uri("/v1/budgets", UriKind.Relative)));
        Assert.Equal((1, "local", "first"), (shown["version"]!.GetValue<long>(), shown["by"]!.GetValue<string>(), shown["reason"]!.GetValue<string>()));
        Assert.Contains("500 USD", shown["yaml"]!.GetValue<string>(), StringComparison.Ordinal);

        using var broken = await SendAsync(
            http, HttpMethod.Put, "/v1/budgets?reason=r", "version: 1\nbudgets:\n  - {name: A B, amount: 5 EUR}\n", contentType: "application/yaml");
        Assert.Equal(HttpStatusCode.BadRequest, broken.StatusCode);
        Assert.True((await ReadAsync(broken))["errors"]!.AsArray().Count >= 3);
        using var silent = await SendAsync(http, HttpMethod.Put, "/v1/budgets", Budgets, contentType: "application/yaml");
        Assert.Equal(HttpStatusCode.BadRequest, silent.StatusCode);
        using var asJson = await SendAsync(http, HttpMethod.Put, "/v1/budgets?reason=r", Budgets);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, asJson.StatusCode);
        Assert.Equal(["apply"], ReadAudit().Select(record => record.Action));
    }

    [Fact]
    public async Task Budgets_are_an_admins_and_shown_to_a_tenant_as_far_as_they_are_its_own()
    {
        var file = Path.Combine(_folder.Path, "tokens.txt");
        var secrets = Roles.ToDictionary(name => name, _ => ApiToken.NewSecret());
        await File.WriteAllLinesAsync(file,
        [
            new ApiToken("olga", ApiRole.Operator, null, ApiToken.HashOf(secrets["operator"])).Line(),
            new ApiToken("adam", ApiRole.Admin, null, ApiToken.HashOf(secrets["viewer"])).Line(),
            new ApiToken("theo", ApiRole.Admin, "beta", ApiToken.HashOf(secrets["tenant"])).Line(),
        ]);
        const string Budgets = "version: 1\nbudgets:\n  - {name: acme, scope: {tenant: acme}, amount: 500 USD, period: month}\n  - {name: beta, scope: {tenant: beta}, amount: 7 USD, period: day}\n";
        using (var topic = new ConfigurationTopic(_options.ToKafka(_options.Kafka!), _options.Topics.BudgetStates, "test-writer", NullLogger.Instance))
        {
            foreach (var tenant in new[] { "acme", "beta" })
            {
                await topic.AppendAsync(tenant, AlertFormat.Write(State(tenant)));
            }

            await topic.AppendAsync("garbage", "{}"u8.ToArray());
        }

        using var http = await StartAsync(_options with { TokensFile = file });
        Assert.Equal(HttpStatusCode.Forbidden, await PutAsync("operator"));
        Assert.Equal(HttpStatusCode.Forbidden, await PutAsync("tenant"));
        Assert.Equal(HttpStatusCode.OK, await PutAsync("viewer"));
        var theirs = (await GetAsync("tenant", "/v1/budgets"))["yaml"]!.GetValue<string>();
        Assert.Contains("beta", theirs, StringComparison.Ordinal);
        Assert.DoesNotContain("acme", theirs, StringComparison.Ordinal);
        await Eventually.TrueAsync(
            async () => (await GetAsync("viewer", "/v1/budgets/state"))["states"]!.AsArray().Count == 2, "both states are shown", () => "");
        var state = Assert.Single((await GetAsync("tenant", "/v1/budgets/state"))["states"]!.AsArray())!;
        Assert.Equal(("beta", "123"), (state["budget"]!.GetValue<string>(), state["figures"]!["spent"]!.GetValue<string>()));

        async Task<HttpStatusCode> PutAsync(string who)
        {
            using var answer = await SendAsync(
                http, HttpMethod.Put, "/v1/budgets?reason=r", Budgets, ("Authorization", $"Bearer {secrets[who]}"), "application/yaml");
            return answer.StatusCode;
        }

        async Task<JsonObject> GetAsync(string who, string path)
        {
            using var answer = await SendAsync(http, HttpMethod.Get, path, null, ("Authorization", $"Bearer {secrets[who]}"));
            return await ReadAsync(answer);
        }
    }

    private static BudgetStateRecord State(string tenant) => new()
    {
        Budget = tenant,
        Scope = $"tenant={tenant}",
        State = BudgetState.Ok,
        Mode = BudgetMode.Observe,
        AtMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(),
        Figures = new EvaluationFigures { IsTokens = false, Spent = 123, Limit = 500, PeriodStartMs = 0, PeriodEndMs = 1, DemandPerMinute = 0 },
    };

    private static async Task<HttpResponseMessage> SendAsync(
        HttpClient http, HttpMethod method, string path, string? body, (string Name, string Value)? header = null, string? contentType = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = contentType is null ? null : new MediaTypeHeaderValue(contentType);
        }

        if (header is { } given)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(given.Name, given.Value));
        }

        return await http.SendAsync(request);
    }

    private static async Task<JsonObject> ReadAsync(HttpResponseMessage answer) => JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsObject();

    private async Task<HttpClient> StartAsync(NodeOptions options)
    {
        var partitions = new Dictionary<string, int> { [options.Topics.Commands] = 1, [options.Topics.BudgetStates] = 1 };
        var api = new NodeApi(options, options.ToKafka(options.Kafka!), partitions, TimeProvider.System, NullLogger.Instance);
        var server = await NodeHttpServer.StartAsync(options, new NodeHealth(), TimeProvider.System, api.Map, CancellationToken.None);
        _ends.AddRange([api, server]);
        return new HttpClient { BaseAddress = new Uri($"http://{server.Address.Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)}") };
    }

    private List<AuditRecord> ReadAudit()
    {
        using var topic = new ConfigurationTopic(_options.ToKafka(_options.Kafka!), _options.Topics.Audit, "test-audit", NullLogger.Instance);
        return [.. topic.ReadToEnd().Select(record => AuditRecord.Parse(record.Value)!)];
    }
}
