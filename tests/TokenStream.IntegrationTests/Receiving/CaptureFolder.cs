using System.IO.Compression;
using System.Text.Json.Nodes;

namespace TokenStream.IntegrationTests.Receiving;

/// <summary>A payload as a tool sent it.</summary>
internal sealed record CapturedPayload(string File, byte[] Body, string ContentType, IReadOnlyDictionary<string, string> Headers);

/// <summary>Payloads of a real tool with the truth beside them, from the folder that <c>TOKENSTREAM_TELEMETRY</c> names.</summary>
internal static class CaptureFolder
{
    internal static IEnumerable<CapturedPayload> Payloads(string tool)
    {
        foreach (var row in Rows(tool, "index.jsonl"))
        {
            var file = Path.Combine(Folder(tool), row["wire"]!.GetValue<string>());
            var bytes = File.ReadAllBytes(file);
            if (row["path"]!.GetValue<string>().Contains("metrics", StringComparison.Ordinal))
            {
                continue;
            }

            var headers = row["headers"]!.AsObject().ToDictionary(header => header.Key, header => header.Value!.ToString());
            yield return new CapturedPayload(
                file, file.EndsWith(".gz", StringComparison.Ordinal) ? Unpacked(bytes) : bytes,
                headers.GetValueOrDefault("content-type", "application/json"),
                headers.Where(header => header.Key.StartsWith("ce-", StringComparison.Ordinal)).ToDictionary());
        }
    }

    /// <summary>
    /// What the payloads tell by the truth beside them: attempts, and tokens in and out of those that no gateway's own cache answered and
    /// that were not made up.
    /// </summary>
    internal static (long Attempts, long TokensIn, long TokensOut) Truth(string tool)
    {
        var (attempts, tokensIn, tokensOut) = (0L, 0L, 0L);
        foreach (var row in Rows(tool, "expected.jsonl"))
        {
            var role = row["role"]!.GetValue<string>();
            var counts = role == "request" && row["count"]!.GetValue<bool>();
            attempts += counts || role == "failed_attempt" ? 1 : 0;
            if (counts && row["result"]!.GetValue<string>() is not ("gateway_cache_hit" or "mock"))
            {
                tokensIn += row["knowable"]?["in_total"]?.GetValue<long>() ?? 0;
                tokensOut += row["knowable"]?["out_total"]?.GetValue<long>() ?? 0;
            }
        }

        return (attempts, tokensIn, tokensOut);
    }

    private static string Folder(string tool) => Path.Combine(Environment.GetEnvironmentVariable("TOKENSTREAM_TELEMETRY")!, tool);

    private static IEnumerable<JsonObject> Rows(string tool, string name) =>
        File.ReadLines(Path.Combine(Folder(tool), name)).Select(line => JsonNode.Parse(line)!.AsObject());

    private static byte[] Unpacked(byte[] bytes)
    {
        using var stream = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
        using var unpacked = new MemoryStream();
        stream.CopyTo(unpacked);
        return unpacked.ToArray();
    }
}
