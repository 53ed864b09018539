using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using TokenStream.Budgets;
using TokenStream.Governing.Alerts;
using TokenStream.Pricing;
using TokenStream.Scopes;
using TokenStream.Service.Governing;
using TokenStream.Service.Node;

namespace TokenStream.Service.Http;

/// <summary>The API of budgets: docs/api.md.</summary>
internal sealed class BudgetsApi(GovernApi govern, Func<BudgetConnection> connect, BudgetStateTable states) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private BudgetConnection? _connection;

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet(
            "/v1/budgets",
            govern.Guard(ApiRole.Viewer, (_, caller) => InTurnAsync(connection => Task.FromResult(Get(connection, caller)))));
        app.MapGet("/v1/budgets/state", govern.Guard(ApiRole.Viewer, (_, caller) => Task.FromResult(States(caller))));
        app.MapPut("/v1/budgets", govern.Guard(ApiRole.Admin, PutAsync, isYaml: true));
    }

    public void Dispose()
    {
        _connection?.Dispose();
        _turn.Dispose();
    }

    /// <summary>A token of one tenant sees what binds that tenant exactly, and nothing of others.</summary>
    private static bool IsTheirs(ApiCaller caller, ScopeTerm tenant) => caller.Tenant is not { } own || tenant == ScopeTerm.Exact(own);

    private static IResult Get(BudgetConnection connection, ApiCaller caller)
    {
        var document = connection.Budgets.Current.Document;
        var theirs =
            document with { Budgets = [.. document.Budgets.Where(budget => IsTheirs(caller, budget.Scope[ScopeDimension.Tenant]))] };
        var latest = connection.Budgets.Latest;
        var answer = new JsonObject
        {
            ["version"] = connection.Budgets.Current.Set.Version,
            ["at"] = latest?.At.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
            ["by"] = latest?.By,
            ["reason"] = latest?.Reason,
            ["yaml"] = BudgetWriter.Write(theirs),
        };
        return GovernApi.Json(answer);
    }

    private IResult States(ApiCaller caller)
    {
        var theirs = states.Read().Where(state => caller.Tenant is null ||
            (Scope.TryParse(state.Scope, out var scope, out _) && IsTheirs(caller, scope[ScopeDimension.Tenant])));
        var nodes = theirs.Select(state => JsonNode.Parse(AlertFormat.Write(state))!["state"]!.DeepClone());
        return GovernApi.Json(new JsonObject { ["states"] = new JsonArray([.. nodes]) });
    }

    private async Task<IResult> PutAsync(HttpContext http, ApiCaller caller)
    {
        if (caller.Tenant is not null)
        {
            return Problem.Forbidden(
                $"The token '{caller.Actor.By}' is for the tenant {caller.Tenant} alone; budgets are put for all of them.");
        }

        if (http.Request.Query["reason"].ToString() is not { Length: > 0 } reason)
        {
            return Problem.Invalid(["a reason must be said: PUT /v1/budgets?reason=.."]);
        }

        var (body, refusal) = await GovernApi.ReadBodyAsync(http);
        if (body is null)
        {
            return refusal!;
        }

        var load = BudgetFile.Load(Encoding.UTF8.GetString(body));
        return load.Document is not { } document
            ? Problem.Invalid([.. load.Errors.Select(error => error.ToString()!)])
            : await InTurnAsync(connection => PutAsync(connection, document, reason, caller));
    }

    private static async Task<IResult> PutAsync(BudgetConnection connection, BudgetDocument document, string reason, ApiCaller caller)
    {
        var before = connection.Budgets.Current;
        var changes = BudgetDiff.Of(before.Document, document).ToList();
        var version = changes.Count == 0
            ? before.Set.Version
            : (await connection.PublishAsync(document, before.Directory, "apply", reason, caller.Actor)).Version;
        var warnings = document.Warnings(connection.Rules.History.Latest?.Prices ?? DefaultPriceBook.Book);
        return GovernApi.Json(new JsonObject { ["version"] = version, ["changes"] = Lines(changes), ["warnings"] = Lines(warnings) });
    }

    private static JsonArray Lines(IEnumerable<string> lines) => new([.. lines.Select(line => JsonValue.Create(line))]);

    /// <summary>One at a time: what is read, changed and published belongs together.</summary>
    private async Task<IResult> InTurnAsync(Func<BudgetConnection, Task<IResult>> action)
    {
        await _turn.WaitAsync();
        try
        {
            var connection = _connection ??= connect();
            connection.Budgets.Refresh();
            connection.Rules.Refresh();
            return await action(connection);
        }
        catch (Exception failure) when (failure is NodeStartException or FormatException)
        {
            return Problem.Invalid([failure.Message]);
        }
        finally
        {
            _turn.Release();
        }
    }
}
