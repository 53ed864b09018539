using System.Globalization;
using System.Text;

namespace TokenStream.Mapping.ProviderUsage;

/// <summary>
/// Providers' answers that came with headers, from a topic or over HTTP: the headers tell what the body does not. What was asked stands in
/// <c>ts-path</c>, <c>ts-status</c>, <c>ts-model</c>, <c>ts-provider</c>, <c>ts-request-id</c> and <c>ts-latency-ms</c>; attribution paths
/// are names of headers.
/// </summary>
public sealed class ProviderPayloadMapper(AttributionPaths attribution) : IPayloadMapper
{
    private readonly ProviderUsageMapper _mapper = new();

    /// <summary>The headers that say who and what for, as long as nobody says otherwise.</summary>
    public static AttributionPaths DefaultAttribution { get; } = new()
    {
        Tenant = ["ts-tenant"],
        App = ["ts-app"],
        Feature = ["ts-feature"],
        Environment = ["ts-environment"],
        User = ["ts-user"],
        Session = ["ts-session"],
    };

    public void Map(in Payload payload, MappedEvents events)
    {
        var context = new ProviderContext
        {
            TimeMs = payload.ReceivedMs,
            Path = Text(in payload, "ts-path"),
            HttpStatus = (int)(Number(in payload, "ts-status") ?? 0),
            Model = Text(in payload, "ts-model"),
            Provider = Text(in payload, "ts-provider"),
            RequestId = Text(in payload, "ts-request-id"),
            LatencyMs = Number(in payload, "ts-latency-ms"),
            Tenant = First(in payload, attribution.Tenant),
            DefaultTenant = attribution.DefaultTenant,
            App = First(in payload, attribution.App),
            Feature = First(in payload, attribution.Feature),
            Environment = First(in payload, attribution.Environment),
            User = First(in payload, attribution.User),
            Session = First(in payload, attribution.Session),
        };
        _mapper.Map(payload.Body, context, events);
    }

    private static string First(in Payload payload, IReadOnlyList<string> names)
    {
        foreach (var name in names)
        {
            if (Text(in payload, name) is { Length: > 0 } text)
            {
                return text;
            }
        }

        return "";
    }

    private static string Text(in Payload payload, string name) => Encoding.UTF8.GetString(payload.Header(Encoding.UTF8.GetBytes(name)));

    private static long? Number(in Payload payload, string name) =>
        int.TryParse(Text(in payload, name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
