using Microsoft.AspNetCore.Http;
using TokenStream.Gateway;

namespace TokenStream.Agent;

/// <summary>What is decided about requests, and held of those that were let in until somebody says how they ended.</summary>
internal sealed class Deciding(
    TokenStreamGateway gateway, ReservationBook book, AgentOptions options, AgentMetrics metrics, TextPool texts, TimeProvider time)
{
    private const int MostBodyBytes = 64 * 1024;

    private long _expired;
    private long _displaced;

    public TokenStreamGateway Gateway => gateway;

    public ReservationBook Book => book;

    public async Task DecideAsync(HttpContext context, AgentCaller caller)
    {
        using var body = await RequestBody.ReadAsync(context.Request, MostBodyBytes).ConfigureAwait(false);
        Decide(context.Response, in body, caller);
    }

    /// <summary>Whether an answer that is being streamed may go on.</summary>
    public async Task ContinueAsync(HttpContext context, AgentCaller caller)
    {
        using var body = await RequestBody.ReadAsync(context.Request, MostBodyBytes).ConfigureAwait(false);
        if (!TryRead(context.Response, in body, AgentEndpoint.Continue, out var asked))
        {
            return;
        }

        if (!book.TryFind(asked.Text(BodyField.Reservation) ?? "", out var held) || !IsTheirs(caller, held.Decision.Tenant))
        {
            Unknown(context.Response, AgentEndpoint.Continue);
            return;
        }

        var isKilled = gateway.IsStreamKilled(AsServed(in held), held.Decision.Tenant);
        Answer.Status(context.Response, StatusCodes.Status200OK, isKilled ? "stop"u8 : "continue"u8);
        metrics.Request(AgentEndpoint.Continue, isKilled ? 1 : 0);
    }

    /// <summary>The request was not sent after all.</summary>
    public async Task AbandonAsync(HttpContext context, AgentCaller caller)
    {
        using var body = await RequestBody.ReadAsync(context.Request, MostBodyBytes).ConfigureAwait(false);
        if (!TryRead(context.Response, in body, AgentEndpoint.Abandon, out var asked))
        {
            return;
        }

        var name = asked.Text(BodyField.Reservation) ?? "";
        if (!book.TryFind(name, out var held) || !IsTheirs(caller, held.Decision.Tenant) || !book.TryTake(name, out held))
        {
            Unknown(context.Response, AgentEndpoint.Abandon);
            return;
        }

        GiveUp(in held);
        metrics.Ended(ReservationEnd.Abandoned);
        metrics.Request(AgentEndpoint.Abandon, 0);
        Answer.Status(context.Response, StatusCodes.Status200OK, "abandoned"u8);
    }

    /// <summary>Reads a body, or answers why it cannot be.</summary>
    public bool TryRead(HttpResponse response, in RequestBody body, AgentEndpoint endpoint, out AgentBody asked)
    {
        asked = default;
        if (!body.IsWhole)
        {
            metrics.Request(endpoint, 2);
            Answer.Error(response, StatusCodes.Status413PayloadTooLarge, "too_large", "The body is larger than the agent reads.");
            return false;
        }

        if (!AgentBody.TryRead(body.Span, texts, out asked, out var error))
        {
            metrics.Request(endpoint, 2);
            Answer.Error(response, StatusCodes.Status400BadRequest, "unreadable", error);
            return false;
        }

        return true;
    }

    /// <summary>Ends requests whose time is over; called each second.</summary>
    /// <returns>How many ended so, and how many made room for others, since the last call.</returns>
    public (long Expired, long Displaced) Expire()
    {
        var nowMs = NowMs;
        while (book.TryExpire(nowMs, out var held))
        {
            Forfeit(in held);
            metrics.Ended(ReservationEnd.Expired);
            _expired++;
        }

        var ended = (_expired, Interlocked.Exchange(ref _displaced, 0));
        _expired = 0;
        return ended;
    }

    public static bool IsTheirs(AgentCaller caller, string tenant) => caller.Tenant is null || caller.Tenant == tenant;

    /// <summary>The request as it is served, so that a kill of the route's target ends it, too.</summary>
    private static GatewayRequest AsServed(in HeldRequest held) => held.Decision.RouteModel is { } model
        ? held.Request with { ServedModel = model, ServedProvider = held.Decision.RouteProvider ?? held.Request.ServedProvider }
        : held.Request;

    private long NowMs => (long)time.GetElapsedTime(0).TotalMilliseconds;

    private void Decide(HttpResponse response, in RequestBody body, AgentCaller caller)
    {
        var start = time.GetTimestamp();
        if (!TryRead(response, in body, AgentEndpoint.Decide, out var asked))
        {
            return;
        }

        var request = asked.Request(options.DefaultProvider);
        if (!IsTheirs(caller, request.Tenant))
        {
            metrics.Request(AgentEndpoint.Decide, 2);
            Answer.Error(
                response, StatusCodes.Status403Forbidden, "foreign_tenant", $"The token is for the tenant '{caller.Tenant}' only.");
            return;
        }

        var decision = gateway.Decide(in request);
        ulong? reservation = decision.IsAllowed || (decision.Code == DecisionCode.CacheOnly && asked.Flag(BodyField.HasCache))
            ? Hold(in request, in decision)
            : null;
        if (decision.Code == DecisionCode.CacheOnly && reservation is null)
        {
            // No cache could answer it.
            gateway.ReportBlocked(in request, in decision);
        }

        Answer.Decision(response, in decision, gateway.State, reservation);
        metrics.Request(AgentEndpoint.Decide, decision.IsAllowed ? 0 : 1);
        metrics.Took(time.GetElapsedTime(start));
    }

    private ulong Hold(in GatewayRequest request, in GatewayDecision decision)
    {
        var id = book.Add(in request, in decision, NowMs, out var displaced, out var isDisplaced);
        if (isDisplaced)
        {
            Forfeit(in displaced);
            metrics.Ended(ReservationEnd.Displaced);
            Interlocked.Increment(ref _displaced);
        }

        return id;
    }

    private void GiveUp(in HeldRequest held)
    {
        if (held.Decision.IsAllowed)
        {
            held.Decision.Abandon();
        }
        else
        {
            gateway.ReportBlocked(in held.Request, in held.Decision);
        }
    }

    private void Forfeit(in HeldRequest held)
    {
        if (held.Decision.IsAllowed)
        {
            held.Decision.Forfeit();
        }
        else
        {
            gateway.ReportBlocked(in held.Request, in held.Decision);
        }
    }

    private void Unknown(HttpResponse response, AgentEndpoint endpoint)
    {
        metrics.Request(endpoint, 2);
        Answer.Error(
            response, StatusCodes.Status404NotFound, "reservation_unknown",
            "There is no such reservation: it ended, its time is over, or the agent was started anew.");
    }
}
