using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using TokenStream.Commands;
using TokenStream.Kafka;
using TokenStream.Scopes;
using TokenStream.Service.Governing;

namespace TokenStream.Service.Http;

/// <summary>The API of commands and of the stop button: docs/api.md.</summary>
internal sealed class GovernApi(ApiAccess access, PeopleRequests requests, CommandTopic commands, TimeProvider clock)
{
    private const int MostBytes = 1 << 20;

    private readonly Lock _lock = new();

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/commands", Guard(ApiRole.Viewer, ListAsync));
        app.MapPost("/v1/commands", Guard(ApiRole.Operator, AskAsync));
        app.MapDelete("/v1/commands/{id}", Guard(ApiRole.Operator, UndoAsync));
        app.MapGet("/v1/govern", Guard(ApiRole.Viewer, (_, _) => StatusAsync()));
        app.MapPost("/v1/govern/pause", Guard(ApiRole.Operator, (http, caller) => PauseAsync(http, caller, paused: true)));
        app.MapPost("/v1/govern/resume", Guard(ApiRole.Operator, (http, caller) => PauseAsync(http, caller, paused: false)));
    }

    /// <summary>Lets a caller in and turns what is out of reach into a problem.</summary>
    internal RequestDelegate Guard(ApiRole needed, Func<HttpContext, ApiCaller, Task<IResult>> action, bool isYaml = false) => async http =>
    {
        var answer = await AnswerAsync(http, needed, action, isYaml);
        await answer.ExecuteAsync(http);
    };

    /// <summary>The body's text; null with the problem where it is too long.</summary>
    internal static async Task<(byte[]? Body, IResult? Refusal)> ReadBodyAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        var buffer = new byte[16 << 10];
        for (int read; (read = await http.Request.Body.ReadAsync(buffer, http.RequestAborted)) > 0;)
        {
            if (body.Length + read > MostBytes)
            {
                return (
                    null,
                    Problem.Of(
                        StatusCodes.Status413PayloadTooLarge, "too_long", "The body is too long", $"At most {MostBytes} bytes are taken."));
            }

            body.Write(buffer, 0, read);
        }

        return (body.ToArray(), null);
    }

    internal static IResult Json(JsonNode answer, int status = StatusCodes.Status200OK) =>
        Results.Text(answer.ToJsonString() + "\n", "application/json", statusCode: status);

    internal static async Task<(T? Value, IResult? Refusal)> ReadAsync<T>(HttpContext http, JsonTypeInfo<T> type)
        where T : class
    {
        var (body, refusal) = await ReadBodyAsync(http);
        if (body is null)
        {
            return (null, refusal);
        }

        try
        {
            return JsonSerializer.Deserialize(body, type) is { } value
                ? (value, null)
                : (null, Problem.Invalid(["the body must be a JSON object"]));
        }
        catch (JsonException failure)
        {
            return (null, Problem.Invalid([$"the body is not the JSON that is expected: {failure.Message}"]));
        }
    }

    private async Task<IResult> AnswerAsync(
        HttpContext http, ApiRole needed, Func<HttpContext, ApiCaller, Task<IResult>> action, bool isYaml)
    {
        var (caller, refusal) = access.Admit(http.Request, needed, isYaml);
        if (caller is null)
        {
            return refusal!;
        }

        try
        {
            return await action(http, caller);
        }
        catch (KafkaUnavailableException failure)
        {
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, "log_unavailable", "The log is out of reach", failure.Message);
        }
    }

    internal static bool IsTheirs(ApiCaller caller, Scope scope) =>
        caller.Tenant is not { } tenant || scope[ScopeDimension.Tenant] == ScopeTerm.Exact(tenant);

    internal static IResult NotTheirs(ApiCaller caller) =>
        Problem.Forbidden($"The token '{caller.Actor.By}' is for the tenant {caller.Tenant} alone: the scope must name it.");

    private IReadOnlyCollection<Command> Current()
    {
        lock (_lock)
        {
            commands.Refresh();
            return [.. commands.Commands];
        }
    }

    private async Task<IResult> ListAsync(HttpContext http, ApiCaller caller)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var all = http.Request.Query["all"] == "true";
        var listed = Current().Where(command => IsTheirs(caller, command.Scope) && (all || CommandTopic.IsActive(command, now)))
            .OrderBy(command => command.Key, StringComparer.Ordinal)
            .Select(command => JsonNode.Parse(CommandFormat.Write(command)));
        var asked = (await requests.ReadAsync()).Requests.Where(
            request => IsTheirs(caller, request.Scope) && (all || request.IsInForce(now)))
            .Select(request => JsonNode.Parse(RequestFormat.Write(request)));
        return Json(new JsonObject { ["commands"] = new JsonArray([.. listed]), ["requests"] = new JsonArray([.. asked]) });
    }

    private async Task<IResult> AskAsync(HttpContext http, ApiCaller caller)
    {
        var (body, refusal) = await ReadAsync(http, ApiJson.Default.RequestBody);
        if (body is null)
        {
            return refusal!;
        }

        if (body.ToDraft(out var error) is not { } draft)
        {
            return Problem.Invalid([error]);
        }

        if (draft.Make(clock.GetUtcNow().ToUnixTimeMilliseconds(), name => $"'{name}'", out var errors) is not { } request)
        {
            return Problem.Invalid(errors);
        }

        if (!IsTheirs(caller, request.Scope))
        {
            return NotTheirs(caller);
        }

        await requests.AskAsync(request, caller.Actor);
        http.Response.Headers.Location = $"/v1/commands/{request.Id}";
        return Json(JsonNode.Parse(RequestFormat.Write(request with { By = caller.Actor.By }))!, StatusCodes.Status201Created);
    }

    private async Task<IResult> UndoAsync(HttpContext http, ApiCaller caller)
    {
        var id = (string)http.Request.RouteValues["id"]!;
        if (http.Request.Query["reason"].ToString() is not { Length: > 0 } reason)
        {
            return Problem.Invalid(["a reason must be said: DELETE /v1/commands/ID?reason=.."]);
        }

        var current = Current();
        var scope = current.FirstOrDefault(command => command.Id == id)?.Scope
            ?? (await requests.ReadAsync()).Requests.FirstOrDefault(request => request.Id == id)?.Scope;
        if (scope is null || !IsTheirs(caller, scope))
        {
            // Whether another tenant's command exists is not told.
            return Problem.NotFound($"There is no command or request {id}; GET /v1/commands lists them.");
        }

        var span = http.Request.Query["for"].ToString() is { Length: > 0 } said ? said : "1h";
        var undone = await Undoing.UndoAsync(requests, current, id, reason, span, caller.Actor, clock);
        return undone.Error is { } error ? Problem.Invalid([error]) : Json(new JsonObject { ["done"] = undone.Said });
    }

    private async Task<IResult> StatusAsync()
    {
        var pause = (await requests.ReadAsync()).Pause;
        JsonNode?[] heartbeats;
        lock (_lock)
        {
            commands.Refresh();
            heartbeats = [.. commands.Heartbeats.Select(heartbeat => JsonNode.Parse(HeartbeatFormat.Write(heartbeat)))];
        }

        return Json(new JsonObject { ["pause"] = JsonNode.Parse(RequestFormat.Write(pause)), ["heartbeats"] = new JsonArray(heartbeats) });
    }

    private async Task<IResult> PauseAsync(HttpContext http, ApiCaller caller, bool paused)
    {
        var (body, refusal) = await ReadAsync(http, ApiJson.Default.ReasonBody);
        if (body is null)
        {
            return refusal!;
        }

        if (caller.Tenant is not null)
        {
            return Problem.Forbidden($"The token '{caller.Actor.By}' is for the tenant {caller.Tenant} alone; a pause is for all of them.");
        }

        return string.IsNullOrWhiteSpace(body.Reason)
            ? Problem.Invalid(["'reason' must be said: it is kept in the audit"])
            : Json(JsonNode.Parse(RequestFormat.Write(await requests.PauseAsync(paused, body.Reason, caller.Actor)))!);
    }
}
