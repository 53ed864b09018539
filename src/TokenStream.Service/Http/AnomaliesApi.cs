using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using TokenStream.Governing.Anomalies;
using TokenStream.Service.Anomalies;

namespace TokenStream.Service.Http;

/// <summary>The API of anomalies and of their silences: docs/api.md.</summary>
internal sealed class AnomaliesApi(GovernApi govern, Func<AnomalyBoard> connect, TimeProvider clock) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private AnomalyBoard? _board;

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/anomalies", govern.Guard(ApiRole.Viewer, (http, caller) => InTurnAsync(board => Done(List(board, http, caller)))));
        app.MapGet("/v1/anomalies/{id}", govern.Guard(ApiRole.Viewer, (http, caller) => InTurnAsync(board => Done(Show(Find(board, http, caller), http)))));
        app.MapPost("/v1/anomalies/{id}/ack", govern.Guard(ApiRole.Operator, (http, caller) => ActAsync(http, caller,
            (board, id, reason) => board.AcknowledgeAsync(id, reason, caller.Actor))));
        app.MapPost("/v1/anomalies/{id}/resolve", govern.Guard(ApiRole.Operator, (http, caller) => ActAsync(http, caller,
            (board, id, reason) => board.ResolveAsync(id, reason, caller.Actor))));
        app.MapGet("/v1/silences", govern.Guard(ApiRole.Viewer, (http, caller) => InTurnAsync(board => Done(Silences(board, http, caller)))));
        app.MapPost("/v1/silences", govern.Guard(ApiRole.Operator, SilenceAsync));
        app.MapDelete("/v1/silences/{id}", govern.Guard(ApiRole.Operator, EndAsync));
    }

    public void Dispose()
    {
        _board?.Dispose();
        _turn.Dispose();
    }

    /// <summary>A token of one tenant sees the anomalies of that tenant, and none over several.</summary>
    private static bool IsTheirs(ApiCaller caller, ShownAnomaly shown) => caller.Tenant is not { } own || shown.Anomaly.Scope.Tenant == own;

    private static IResult List(AnomalyBoard board, HttpContext http, ApiCaller caller)
    {
        var tenant = http.Request.Query["tenant"].ToString();
        var listed = board.Read(http.Request.Query["all"] == "true")
            .Where(shown => IsTheirs(caller, shown) && (tenant.Length == 0 || shown.Anomaly.Scope.Tenant == tenant));
        return GovernApi.Json(new JsonObject { ["anomalies"] = new JsonArray([.. listed.Select(shown => shown.ToJson())]) });
    }

    private static IResult Silences(AnomalyBoard board, HttpContext http, ApiCaller caller)
    {
        var listed = board.Silences(http.Request.Query["all"] == "true").Where(silence => GovernApi.IsTheirs(caller, silence.Scope));
        return GovernApi.Json(new JsonObject { ["silences"] = new JsonArray([.. listed.Select(Json)]) });
    }

    private static JsonNode? Json(AnomalySilence silence) => JsonNode.Parse(AnomalyRequestFormat.Write(silence));

    private static string Id(HttpContext http) => (string)http.Request.RouteValues["id"]!;

    /// <summary>Whether another tenant's anomaly exists is not told.</summary>
    private static ShownAnomaly? Find(AnomalyBoard board, HttpContext http, ApiCaller caller) =>
        board.Find(Id(http)) is { } shown && IsTheirs(caller, shown) ? shown : null;

    private static IResult Show(ShownAnomaly? shown, HttpContext http) => shown is null
        ? Problem.NotFound($"There is no anomaly {Id(http)}, or it cannot be acted on; GET /v1/anomalies lists those that last.")
        : GovernApi.Json(shown.ToJson());

    private async Task<IResult> ActAsync(HttpContext http, ApiCaller caller, Func<AnomalyBoard, string, string, Task<ShownAnomaly?>> act)
    {
        var (body, refusal) = await GovernApi.ReadAsync(http, ApiJson.Default.ReasonBody);
        if (body is null)
        {
            return refusal!;
        }

        if (string.IsNullOrWhiteSpace(body.Reason) || body.Reason.Length > SilenceDraft.MostReasonCharacters)
        {
            return Problem.Invalid([$"'reason' must be said, in at most {SilenceDraft.MostReasonCharacters} characters: it is kept in the audit"]);
        }

        return await InTurnAsync(async board =>
            Show(Find(board, http, caller) is null ? null : await act(board, Id(http), body.Reason.Trim()), http));
    }

    private async Task<IResult> SilenceAsync(HttpContext http, ApiCaller caller)
    {
        var (body, refusal) = await GovernApi.ReadAsync(http, ApiJson.Default.SilenceBody);
        if (body is null)
        {
            return refusal!;
        }

        if (ApiScope.Read(body.Scope, out var error) is not { } scope)
        {
            return Problem.Invalid([error]);
        }

        var draft = new SilenceDraft { Scope = scope, Everything = body.Everything, Measure = body.Measure, For = body.For, Reason = body.Reason };
        if (draft.Make(clock.GetUtcNow().ToUnixTimeMilliseconds(), name => $"'{name}'", out var errors) is not { } silence)
        {
            return Problem.Invalid(errors);
        }

        return GovernApi.IsTheirs(caller, silence.Scope)
            ? await InTurnAsync(async board => GovernApi.Json(Json(await board.SilenceAsync(silence, caller.Actor))!, StatusCodes.Status201Created))
            : GovernApi.NotTheirs(caller);
    }

    private async Task<IResult> EndAsync(HttpContext http, ApiCaller caller)
    {
        if (http.Request.Query["reason"].ToString() is not { Length: > 0 } reason)
        {
            return Problem.Invalid(["a reason must be said: DELETE /v1/silences/ID?reason=.."]);
        }

        return await InTurnAsync(async board =>
        {
            var isTheirs = board.FindSilence(Id(http)) is { } known && GovernApi.IsTheirs(caller, known.Scope);
            return isTheirs && await board.EndSilenceAsync(Id(http), reason, caller.Actor) is { } ended
                ? GovernApi.Json(Json(ended)!)
                : Problem.NotFound($"There is no silence {Id(http)}; GET /v1/silences lists them.");
        });
    }

    private static Task<IResult> Done(IResult result) => Task.FromResult(result);

    /// <summary>One at a time: the board is read and changed together.</summary>
    private async Task<IResult> InTurnAsync(Func<AnomalyBoard, Task<IResult>> action)
    {
        await _turn.WaitAsync();
        try
        {
            return await action(_board ??= connect());
        }
        finally
        {
            _turn.Release();
        }
    }
}
