using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using TokenStream.Mapping;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>
/// A fact about captures of real tools, which are no part of the project: a folder a tool, with the truth beside each payload. Skipped
/// where <c>TOKENSTREAM_TELEMETRY</c> names no folder, unless <c>TOKENSTREAM_REQUIRE_ALL=1</c> asks for everything.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CaptureTheoryAttribute : TheoryAttribute
{
    public CaptureTheoryAttribute()
    {
        if (Captures.Folder is null && Environment.GetEnvironmentVariable("TOKENSTREAM_REQUIRE_ALL") != "1")
        {
            Skip = "TOKENSTREAM_TELEMETRY names no folder of captured telemetry.";
        }
    }
}

/// <summary>What one item of a capture is in truth.</summary>
/// <param name="Capture">The payload's number; empty where the tool sent nothing.</param>
/// <param name="Item">What names the item in its payload.</param>
internal sealed record Truth(string Capture, string Item, JsonObject Row)
{
    public string Role => Row["role"]!.GetValue<string>();

    public string? Text(string name) => Row[name]?.GetValue<string>();

    public bool Is(string name) => Row[name]?.GetValue<bool>() ?? false;

    public string? Attribution(string name) => Row["attribution"]?[name]?.GetValue<string>();

    /// <summary>Whether the item carries who or what for at all.</summary>
    public bool Carries(string name) => Row["attribution_at"]?[name] is not null;

    /// <summary>A token class; null where the provider did not report it.</summary>
    public long? Tokens(string name) => Row["tokens"]?[name]?.GetValue<long>();

    public bool HasTokens => Row["tokens"] is not null;

    public bool Lists(string list, string name) => Row[list] switch
    {
        JsonArray names => names.Any(entry => entry!.GetValue<string>() == name),
        JsonObject values => values.ContainsKey(name),
        _ => false,
    };
}

/// <summary>Reads the captures.</summary>
internal static class Captures
{
    public static string? Folder { get; } =
        Environment.GetEnvironmentVariable("TOKENSTREAM_TELEMETRY") is { Length: > 0 } folder && Directory.Exists(folder) ? folder : null;

    public static IReadOnlyList<Truth> Truths(string tool) =>
        [.. Lines(tool, "expected.jsonl").Select(row => new Truth(Name(row["capture"]), Name(row["item"]), row))];

    /// <summary>What the recorder knows of each payload, by its number.</summary>
    public static IReadOnlyDictionary<string, JsonObject> Index(string tool) =>
        Lines(tool, "index.jsonl").ToDictionary(row => Name(row["capture"]));

    /// <summary>What came beside a payload.</summary>
    public static PayloadHeaders Headers(JsonObject index)
    {
        var headers = new PayloadHeaders();
        foreach (var (name, value) in index["headers"]?.AsObject() ?? [])
        {
            headers.Add(name, value!.GetValue<string>());
        }

        return headers;
    }

    /// <summary>A payload as it came, unpacked.</summary>
    public static byte[] Payload(string tool, JsonObject index) => Bytes(tool, index["wire"]!.GetValue<string>());

    /// <summary>The same payload decoded to JSON; as it came where it was JSON.</summary>
    public static byte[] Twin(string tool, JsonObject index) => Bytes(tool, (index["decoded"] ?? index["wire"])!.GetValue<string>());

    private static byte[] Bytes(string tool, string name)
    {
        using var file = File.OpenRead(Path.Combine(Folder!, tool, name));
        using Stream stream = file.Name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static IEnumerable<JsonObject> Lines(string tool, string name) =>
        File.ReadLines(Path.Combine(Folder!, tool, name)).Select(line => JsonNode.Parse(line)!.AsObject());

    private static string Name(JsonNode? node) =>
        node is System.Text.Json.Nodes.JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : "";
}
