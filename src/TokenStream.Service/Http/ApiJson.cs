using System.Text.Json.Serialization;
using TokenStream.Commands;
using TokenStream.Service.Governing;

namespace TokenStream.Service.Http;

/// <summary>The body of <c>POST /v1/commands</c>.</summary>
internal sealed record RequestBody
{
    public required string Action { get; init; }

    public IReadOnlyDictionary<string, string>? Scope { get; init; }

    public bool Everything { get; init; }

    public string? For { get; init; }

    public bool UntilReleased { get; init; }

    public string? Reason { get; init; }

    public long? MaxOutputTokens { get; init; }

    public string? Model { get; init; }

    public string? Provider { get; init; }

    public long? TokensPerMinute { get; init; }

    public long? RequestsPerMinute { get; init; }

    public bool AbortStreams { get; init; }

    /// <summary>The request as a draft; null with a sentence where action or a dimension is not known.</summary>
    public RequestDraft? ToDraft(out string error)
    {
        error = "";
        var action = Enum.GetValues<CommandAction>().FirstOrDefault(action => PeopleRequests.Name(action) == Action);
        if (action is CommandAction.None or CommandAction.Lease)
        {
            error = $"'action' is '{Action}'; possible are kill, throttle, allow, cache_only, trim_output and route_to";
            return null;
        }

        if (ApiScope.Read(Scope, out error) is not { } scope)
        {
            return null;
        }

        return new RequestDraft
        {
            Action = action,
            Scope = scope,
            Everything = Everything,
            Parameters = new ActionParameters
            {
                MaxOutputTokens = MaxOutputTokens,
                Model = Model,
                Provider = Provider,
                TokensPerMinute = TokensPerMinute,
                RequestsPerMinute = RequestsPerMinute,
                AbortStreams = AbortStreams,
            },
            For = For,
            UntilReleased = UntilReleased,
            Reason = Reason,
        };
    }
}

/// <summary>The body of what needs a reason alone.</summary>
internal sealed record ReasonBody
{
    public string? Reason { get; init; }
}

/// <summary>The body of <c>POST /v1/silences</c>.</summary>
internal sealed record SilenceBody
{
    public IReadOnlyDictionary<string, string>? Scope { get; init; }

    public bool Everything { get; init; }

    public string? Measure { get; init; }

    public string? For { get; init; }

    public string? Reason { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 8)]
[JsonSerializable(typeof(RequestBody))]
[JsonSerializable(typeof(ReasonBody))]
[JsonSerializable(typeof(SilenceBody))]
internal sealed partial class ApiJson : JsonSerializerContext;
