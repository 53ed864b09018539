using System.Globalization;
using System.Net;
using System.Text;
using TokenStream.IntegrationTests.Node;
using Xunit;

namespace TokenStream.IntegrationTests.Receiving;

/// <summary>What real tools sent, through a whole node: the sums in the store are the truth's.</summary>
public sealed class ReceivedCaptureTests : IDisposable
{
    private const string Config = """
        topics: {requests_partitions: 1}
        sources:
          - {topic: litellm.payloads, source: litellm}
          - {topic: mixed.payloads, source: by-headers}
        """;

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(1) };

    public void Dispose() => _http.Dispose();

    [FactNeeding("engine", "program:kcat", "program:curl", "variable:TOKENSTREAM_TELEMETRY")]
    public async Task Posted_or_produced_they_give_the_sums_of_the_truth()
    {
        using var folder = new TemporaryFolder();
        var config = Path.Combine(folder.Path, "node.yaml");
        await File.WriteAllTextAsync(config, Config);
        await using var node = new NodeProcess(Path.Combine(folder.Path, "data"), "--config", config);
        await node.StartAsync();

        await PostByCurlAsync(node, folder, "litellm-proxy-1.106.2-generic-api", "/v1/events/litellm");
        await PostAsync(node, "cloudevents-1.13.0", "/v1/events");
        await PostAsync(node, "openinference-openai-0.1.66", "/v1/traces");
        await ProduceByKcatAsync(node, folder, "litellm-sdk-1.106.2", "litellm.payloads");
        await ProduceByKcatAsync(node, folder, "otel-openai-v2-2.4b0", "mixed.payloads", "content-type=application/x-protobuf");
        string[] tools =
        [
            "litellm-proxy-1.106.2-generic-api", "cloudevents-1.13.0", "openinference-openai-0.1.66", "litellm-sdk-1.106.2",
            "otel-openai-v2-2.4b0",
        ];
        var truths = tools.Select(CaptureFolder.Truth).ToArray();
        var expected = string.Create(
            CultureInfo.InvariantCulture,
            $"{truths.Sum(truth => truth.Attempts)}\t{truths.Sum(truth => truth.TokensIn)}\t{truths.Sum(truth => truth.TokensOut)}\n");

        // Everything posted once more adds nothing: equal payloads give equal ids.
        await PostByCurlAsync(node, folder, "litellm-proxy-1.106.2-generic-api", "/v1/events/litellm");
        await Eventually.TrueAsync(
            async () =>
            {
                // A tick says that time went on, so that the last windows are closed.
                await PostTickAsync(node);
                return await SumsAsync(node) == expected;
            },
            $"the store has the sums of the truth, {expected}",
            () => node.Process.Output);
    }

    private static Task<string> SumsAsync(NodeProcess node) =>
        node.QueryAsync("SELECT sum(attempts), sum(tokens_in), sum(tokens_out) FROM tokenstream.usage_10s");

    private static async Task PostByCurlAsync(NodeProcess node, TemporaryFolder folder, string tool, string path)
    {
        var file = Path.Combine(folder.Path, "payload");
        foreach (var payload in CaptureFolder.Payloads(tool))
        {
            await File.WriteAllBytesAsync(file, payload.Body);
            var (exitCode, output) = await ChildProcess.RunAsync(
                "curl",
                [
                    "-sS", "--fail-with-body", "-H", $"Content-Type: {payload.ContentType}", "--data-binary", $"@{file}",
                    $"http://127.0.0.1:{node.HttpPort}{path}",
                ]);
            Assert.True(exitCode == 0, $"{payload.File}: {output}");
        }
    }

    private async Task PostAsync(NodeProcess node, string tool, string path)
    {
        foreach (var payload in CaptureFolder.Payloads(tool))
        {
            using var body = new ByteArrayContent(payload.Body);
            body.Headers.TryAddWithoutValidation("Content-Type", payload.ContentType);
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"http://127.0.0.1:{node.HttpPort}{path}"))
            {
                Content = body,
            };
            foreach (var (name, value) in payload.Headers)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }

            using var answer = await _http.SendAsync(request);
            Assert.True(answer.IsSuccessStatusCode, $"{payload.File}: {await answer.Content.ReadAsStringAsync()}");
        }
    }

    private static async Task ProduceByKcatAsync(NodeProcess node, TemporaryFolder folder, string tool, string topic, string? header = null)
    {
        var files = new List<string>();
        foreach (var payload in CaptureFolder.Payloads(tool))
        {
            files.Add(Path.Combine(folder.Path, $"{topic}-{files.Count}"));
            await File.WriteAllBytesAsync(files[^1], payload.Body);
        }

        string[] headers = header is null ? [] : ["-H", header];
        var (exitCode, output) = await ChildProcess.RunAsync("kcat", ["-P", "-b", node.Kafka, "-t", topic, .. headers, .. files]);
        Assert.True(exitCode == 0, output);
    }

    private async Task PostTickAsync(NodeProcess node)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        using var body = new StringContent($$"""{"kind":"tick","time":{{now}}}""", Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync(new Uri($"http://127.0.0.1:{node.HttpPort}/v1/events"), body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }
}
