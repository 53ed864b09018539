using TokenStream.Events;

namespace TokenStream.Service.Replay;

/// <summary>
/// Gives the requests of a trace what the trace leaves out: tenant, feature, model. Drawn by Zipf's law (s = 1) from the seed and the
/// request's session (or number), so the same seed gives the same events on every machine.
/// </summary>
internal sealed class Attribution(int seed, IReadOnlyList<string>? models = null)
{
    private static readonly string[] Tenants =
        ["acme", "globex", "initech", "umbrella", "hooli", "stark", "wayne", "tyrell", "cyberdyne", "soylent", "wonka", "oscorp"];

    private static readonly string[] Features = ["chat", "search", "summarize", "extract", "code-review", "translate", "agent"];

    private static readonly string[] Models = ["gpt-4o", "claude-sonnet-4-5", "gpt-4o-mini", "gemini-2.5-flash", "claude-haiku-4-5"];

    private readonly IReadOnlyList<string> _models = models is { Count: > 0 } ? models : Models;

    public string Tenant(TraceRow row) => row.Tenant ?? Tenants[Zipf(row, "tenant"u8, Tenants.Length)];

    public string Feature(TraceRow row) => row.Feature ?? Features[Zipf(row, "feature"u8, Features.Length)];

    public string Model(TraceRow row)
    {
        var model = row.Model ?? _models[Zipf(row, "model"u8, _models.Count)];
        var slash = model.LastIndexOf('/');
        return slash < 0 ? model : model[(slash + 1)..];
    }

    /// <summary>Who serves a model: what the trace says, a prefix of its name, or the family of the name.</summary>
    public static string Provider(TraceRow row, string model)
    {
        if (row.Provider is { } named)
        {
            return named;
        }

        if (row.Model?.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash)
        {
            return row.Model[..slash];
        }

        return model switch
        {
            _ when model.StartsWith("claude", StringComparison.OrdinalIgnoreCase) => "anthropic",
            _ when model.StartsWith("gemini", StringComparison.OrdinalIgnoreCase) => "google",
            _ when model.StartsWith("deepseek", StringComparison.OrdinalIgnoreCase) => "deepseek",
            _ when model.StartsWith("llama", StringComparison.OrdinalIgnoreCase) => "groq",
            _ when model.StartsWith("mistral", StringComparison.OrdinalIgnoreCase) => "mistral",
            _ => "openai",
        };
    }

    /// <summary>An index from 0 with weight 1 / (index + 1).</summary>
    private int Zipf(TraceRow row, ReadOnlySpan<byte> purpose, int count)
    {
        var who = System.Text.Encoding.UTF8.GetBytes($"{seed}/{row.Session ?? $"#{row.Number}"}");
        var drawn = (StableHash.Hash(purpose, who) >> 11) * (1.0 / (1ul << 53));
        var total = Enumerable.Range(1, count).Sum(i => 1.0 / i);
        for (var i = 0; i < count; i++)
        {
            drawn -= 1.0 / (i + 1) / total;
            if (drawn < 0)
            {
                return i;
            }
        }

        return count - 1;
    }
}
