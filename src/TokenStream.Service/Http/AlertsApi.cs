using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using TokenStream.Governing.Alerts;
using TokenStream.Scopes;
using TokenStream.Service.Alerting;

namespace TokenStream.Service.Http;

/// <summary>The API of alerts: docs/api.md.</summary>
internal sealed class AlertsApi(GovernApi govern, Func<AlertList> connect) : IDisposable
{
    private const int MostReasonCharacters = 1000;

    private readonly SemaphoreSlim _turn = new(1);
    private AlertList? _list;

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/alerts", govern.Guard(ApiRole.Viewer, (_, caller) => InTurnAsync(alerts => Task.FromResult(List(alerts, caller)))));
        app.MapPost("/v1/alerts/{fingerprint}/ack", govern.Guard(ApiRole.Operator, AcknowledgeAsync));
    }

    public void Dispose()
    {
        _list?.Dispose();
        _turn.Dispose();
    }

    /// <summary>A token of one tenant sees the alerts whose scope names that tenant.</summary>
    private static bool IsTheirs(ApiCaller caller, Alert alert) =>
        caller.Tenant is null || (Scope.TryParse(alert.Scope, out var scope, out _) && GovernApi.IsTheirs(caller, scope));

    private static IResult List(AlertList alerts, ApiCaller caller) => GovernApi.Json(new JsonObject
    {
        ["alerts"] = new JsonArray([.. alerts.Read().Where(open => IsTheirs(caller, open.Alert)).Select(Write)]),
    });

    private static JsonNode Write(OpenAlert open)
    {
        var node = JsonNode.Parse(AlertFormat.Write(open.Alert))!["alert"]!.DeepClone();
        node["acknowledged"] = open.Acknowledged is { } taken
            ? new JsonObject { ["by"] = taken.By, ["at_ms"] = taken.AtMs, ["reason"] = taken.Reason }
            : null;
        return node;
    }

    private async Task<IResult> AcknowledgeAsync(HttpContext http, ApiCaller caller)
    {
        var (body, refusal) = await GovernApi.ReadAsync(http, ApiJson.Default.ReasonBody);
        if (body is null)
        {
            return refusal!;
        }

        if (string.IsNullOrWhiteSpace(body.Reason) || body.Reason.Length > MostReasonCharacters)
        {
            return Problem.Invalid([$"'reason' must be said, in at most {MostReasonCharacters} characters: it is kept in the audit"]);
        }

        var fingerprint = (string)http.Request.RouteValues["fingerprint"]!;
        return await InTurnAsync(async alerts =>
        {
            // Whether another tenant's alert exists is not told.
            var isTheirs = alerts.Read().Any(open => open.Alert.Fingerprint == fingerprint && IsTheirs(caller, open.Alert));
            return isTheirs && await alerts.AcknowledgeAsync(fingerprint, body.Reason.Trim(), caller.Actor) is { } open
                ? GovernApi.Json(Write(open))
                : Problem.NotFound($"No alert with the fingerprint {fingerprint} lasts; GET /v1/alerts lists those that do.");
        });
    }

    /// <summary>One at a time: the list is read and changed together.</summary>
    private async Task<IResult> InTurnAsync(Func<AlertList, Task<IResult>> action)
    {
        await _turn.WaitAsync();
        try
        {
            return await action(_list ??= connect());
        }
        finally
        {
            _turn.Release();
        }
    }
}
