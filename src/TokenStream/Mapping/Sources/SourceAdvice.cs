namespace TokenStream.Mapping.Sources;

/// <summary>
/// What to set where a source's counts are not exact or its payloads are refused, for people: the one table that the terminal and the store
/// show. A code is a kind and, behind a colon, the stable name of a standing or a reason.
/// </summary>
public static class SourceAdvice
{
    public const string DefaultTenant = "default_tenant";

    public const string OmittedTexts = "omitted_texts";

    /// <summary>Paths that a sentence names.</summary>
    private const int MostPaths = 4;

    private const string SeeRefused = "See one: tokenstream deadletter list --reason ";

    private static readonly Dictionary<string, string> OfStandings = new(StringComparer.Ordinal)
    {
        ["bound:cache_write"] =
            "Totals are exact; how long cache writes live is not told, and the cheaper five minutes are priced: the cost is at least " +
            "this. " +
            "A way in that tells the split by time to live makes it exact: LiteLLM's payloads, the provider's own answers, or " +
            "tokenstream proxy.",
        ["bound:cached"] =
            "Totals are exact; what came from the provider's cache was lost by the tool and is priced as fresh input: the cost is at " +
            "most this. " +
            "A way in that tells cached tokens makes it exact: LiteLLM's payloads, the provider's own answers, or tokenstream proxy.",
        ["bound:input"] =
            "The input without what was read from or written to the provider's cache: the tool lost that, and the cost is at least " +
            "this. A way in " +
            "that tells it makes it exact: LiteLLM's payloads, the provider's own answers, or tokenstream proxy.",
        ["bound:tool_input"] =
            "Input of tools that the provider ran itself is not told by the tool: the cost is at least this. The provider's own answers " +
            "tell it.",
        ["bound:output"] =
            "Input and output together are exact; a rest that the tool does not name is taken as output, the dearer of the two: the " +
            "cost is at " +
            "most this. The provider's own answers tell it.",
        ["assumed"] =
            "No capture proves how this emitter, version or provider counts, so that the usual convention is taken. Compare a day with " +
            "the " +
            "provider's bill, or look at one payload: tokenstream inspect FILE. Versions that are proven: docs/connect/README.md.",
        ["counted"] =
            "The tool counted text by itself, since the provider's usage never came: an estimate. For streams ask for usage: " +
            "stream_options " +
            "{\"include_usage\": true}; streams whose caller leaves early stay an estimate.",
        ["cut"] =
            "Streams ended before their usage was told; what had been told is counted. Where callers leave early nothing helps; where a " +
            "time-out cuts them, raise it.",
        ["mock"] = "Nobody was asked: the tool made the answer up (mock_response, a canned answer). Tokens are left out; nothing to set.",
        ["unknown"] =
            "No usage was reported, so that the tokens are unknown, not zero, and cost nothing here. For streams of OpenAI's chat and " +
            "of servers " +
            "like it ask for usage: stream_options {\"include_usage\": true}.",
    };

    private static readonly Dictionary<string, string> OfReasons = new(StringComparer.Ordinal)
    {
        ["empty_payload"] = "Nothing was in it. A health check that posts to this address? Point it at /health/live.",
        ["payload_too_large"] = "More than 16 MiB or 10,000 items at once: lower the sender's batch size.",
        ["invalid_json"] = "Not JSON from end to end. Is it another format, cut off, or packed without saying so (content-encoding)?",
        ["too_deep"] = "Nested deeper than 64 levels; nothing that is known sends this.",
        ["duplicate_field"] = "A name that is read stands there twice, so that nobody knows which one counts: mend the sender.",
        ["not_of_this_source"] =
            "The fields are another format's: check the address or the topic's configured source (tokenstream inspect FILE --as ..).",
        ["missing_field"] =
            "A field that an event needs is absent: look at one to see which, and at the page of the source for what it must send.",
        ["wrong_type"] = "A count or time of another type: mend the sender, or look whether a newer version of it is known.",
        ["not_an_integer"] = "A count with a fraction or exponent: mend the sender.",
        ["count_out_of_range"] = "A count that is negative or beyond 10^12: mend the sender.",
        ["time_unusable"] =
            "A time that cannot be read, or before 2015 or after 9999: check its unit (seconds, milliseconds) and the sender's clock.",
        ["text_unusable"] =
            "A text that an event needs (tenant, model, id) is too long, no UTF-8 or has control characters: mend the sender.",
        ["invalid_protobuf"] =
            "Not the protobuf message of this address: check the exporter's protocol (http/protobuf or http/json) and its content-type.",
        ["not_traces"] =
            "Metrics or logs: what requests used is in the traces. Point the exporters of metrics and logs at your monitoring.",
        ["no_native_event"] = "What is said to be a native event is none (docs/event-format.md); tokenstream check-events FILE says more.",
        ["source_unknown"] =
            "Neither the topic's configuration nor the record's headers say what it is: name the topic's source, or send the " +
            "header ts-source.",
        ["tenant_not_allowed"] =
            "The sender's token is for one tenant, and the event names another: send the tenant's own token, or none bound to a tenant.",
        ["convention_contradicted"] =
            "Parts exceed their total: this version counts otherwise than its convention says. Keep one payload (tokenstream inspect) " +
            "and report it; nothing was guessed.",
    };

    /// <summary>What a source says of itself that others do not need.</summary>
    private static readonly Dictionary<(string Source, string Code), string> OfSources = new()
    {
        [("litellm", "standing:unknown")] =
            "The provider's usage never reached LiteLLM, so that the tokens are unknown, not zero. For streams set general_settings: " +
            "always_include_stream_usage: true, or send stream_options {\"include_usage\": true}.",
        [("litellm", "standing:counted")] =
            "Streams whose caller left: LiteLLM counted what it had sent by itself, an estimate. Nothing to set.",
        [("litellm", "standing:bound:cached")] =
            "A stored answer of a stream has lost what the provider had cached: what was saved is a bound, what was spent is not " +
            "touched. Nothing to set.",
    };

    public static string OfStanding(string name) => "standing:" + name;

    public static string OfReason(string name) => "refused:" + name;

    /// <summary>Every advice of a source: its codes and sentences.</summary>
    public static IEnumerable<(string Code, string Text)> Of(PayloadSource source)
    {
        yield return (DefaultTenant, ToTenant(source));
        yield return (OmittedTexts,
            "Optional texts longer than 256 bytes, or with control characters, were left out of events that are otherwise whole. " +
            "Shorten them.");
        foreach (var (name, text) in OfStandings)
        {
            yield return (OfStanding(name), OfSources.GetValueOrDefault((source.Name, OfStanding(name)), text));
        }

        foreach (var (name, text) in OfReasons)
        {
            yield return (OfReason(name), $"{OfSources.GetValueOrDefault((source.Name, OfReason(name)), text)} {SeeRefused}{name}.");
        }
    }

    private static string ToTenant(PayloadSource source)
    {
        var paths = source.DefaultAttribution.Tenant;
        var more = paths.Count > MostPaths ? $" (or {paths.Count - MostPaths} more: docs/connect)" : "";
        var send = paths.Count > 0 ? $"Send one of {string.Join(", ", paths.Take(MostPaths))}{more}" : "Nothing is looked at by default";
        return $"These events name no tenant and are booked under the default one. {send}; or name the path it stands at in the " +
            "configuration (docs/connect/README.md, Who asked, and what for).";
    }
}
