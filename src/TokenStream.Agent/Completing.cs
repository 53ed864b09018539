using System.Text.Json;
using Microsoft.AspNetCore.Http;
using TokenStream.Gateway;

namespace TokenStream.Agent;

/// <summary>Takes what requests used, and says so only when the log has it.</summary>
internal sealed class Completing(Deciding deciding, AgentOptions options, AgentMetrics metrics, string defaultTenant, TimeProvider time)
{
    /// <summary>A provider's answer, or the transcript of its stream, may be within.</summary>
    private const int MostBodyBytes = 16 * 1024 * 1024;

    public async Task CompleteAsync(HttpContext context, AgentCaller caller)
    {
        using var body = await RequestBody.ReadAsync(context.Request, MostBodyBytes).ConfigureAwait(false);
        if (!deciding.TryRead(context.Response, in body, AgentEndpoint.Complete, out var told))
        {
            return;
        }

        if (TryRead(in body, in told, out var usage, out var described) is { } error)
        {
            Refuse(context.Response, StatusCodes.Status400BadRequest, "unreadable", error);
            return;
        }

        if (!TryFind(in told, in described, caller, out var held, out var refusal))
        {
            Refuse(context.Response, refusal.Code, refusal.Name, refusal.Sentence);
            return;
        }

        if (!told.Flag(BodyField.Publish, otherwise: true))
        {
            deciding.Gateway.Settle(in held.Request, in held.Decision, in usage);
            Done(context.Response, StatusCodes.Status200OK, "settled"u8);
        }
        else if (told.Flag(BodyField.Wait, otherwise: true))
        {
            var confirmed = deciding.Gateway.CompleteAndConfirmAsync(in held.Request, in held.Decision, in usage);
            Say(context.Response, await WaitAsync(confirmed).ConfigureAwait(false));
        }
        else
        {
            Say(context.Response, deciding.Gateway.Complete(in held.Request, in held.Decision, in usage));
        }
    }

    /// <summary>The counts that were told, in our words or in somebody else's; a sentence where they cannot be read.</summary>
    private string? TryRead(in RequestBody body, in AgentBody told, out GatewayUsage usage, out GatewayRequest described)
    {
        (usage, described) = (default, default);
        if (told.Has(BodyField.Payload))
        {
            var payload = body.Span[told.Payload];
            if (told.IsPayloadText && !TryUnescape(payload, out payload))
            {
                return "payload is not valid UTF-8.";
            }

            var error = ReportedCounts.OfThread.Read(
                told.Text(BodyField.Source) ?? "provider", payload, time.GetUtcNow().ToUnixTimeMilliseconds(), out usage, out described);
            if (error is not null)
            {
                return error;
            }
        }

        if (told.Text(BodyField.Result) is { } name && Result(name) is null)
        {
            return "result must be ok, error, timeout or cancelled.";
        }

        usage = Over(usage, in told);
        var isCounted = usage.TokensIn is not null && usage.TokensOut is not null;
        var parts = (usage.TokensCached ?? 0) + (usage.TokensCacheWrite ?? 0) + (usage.TokensCacheWriteHour ?? 0);
        usage = usage with { IsEstimated = usage.IsEstimated || (usage.Result == UsageResult.Ok && !isCounted) };
        return parts > usage.TokensIn ? "tokens_cached and what was written to the cache are parts of tokens_in, and exceed it."
            : usage.TokensReasoning > usage.TokensOut ? "tokens_reasoning is a part of tokens_out, and exceeds it."
            : null;
    }

    /// <summary>What is said in our words wins.</summary>
    private static GatewayUsage Over(GatewayUsage usage, in AgentBody told) => usage with
    {
        Result = Result(told.Text(BodyField.Result) ?? "") ?? usage.Result,
        ErrorType = told.Text(BodyField.ErrorType) ?? usage.ErrorType,
        TokensIn = told.Count(BodyField.TokensIn) ?? usage.TokensIn,
        TokensOut = told.Count(BodyField.TokensOut) ?? usage.TokensOut,
        TokensCached = told.Count(BodyField.TokensCached) ?? usage.TokensCached,
        TokensCacheWrite = told.Count(BodyField.TokensCacheWrite) ?? usage.TokensCacheWrite,
        TokensCacheWriteHour = told.Count(BodyField.TokensCacheWriteHour) ?? usage.TokensCacheWriteHour,
        TokensReasoning = told.Count(BodyField.TokensReasoning) ?? usage.TokensReasoning,
        LatencyMs = told.Count(BodyField.LatencyMs) ?? usage.LatencyMs,
        TimeToFirstTokenMs = told.Count(BodyField.TimeToFirstTokenMs) ?? usage.TimeToFirstTokenMs,
        IsEstimated = told.Flag(BodyField.Estimated, usage.IsEstimated),
        IsCacheHit = told.Flag(BodyField.CacheHit, usage.IsCacheHit),
        ServiceTier = told.Text(BodyField.ServiceTier) ?? usage.ServiceTier,
        // A completion that is sent again, to an agent that was started anew as well, is the same event.
        EventId = told.Text(BodyField.EventId) ?? usage.EventId ??
            (told.Text(BodyField.Reservation) is { Length: > 0 } reservation ? $"agent/{reservation}" : null),
    };

    private static UsageResult? Result(string name) => name switch
    {
        "ok" => UsageResult.Ok,
        "error" => UsageResult.Error,
        "timeout" => UsageResult.Timeout,
        "cancelled" => UsageResult.Cancelled,
        _ => null,
    };

    /// <summary>The request that ended: as it is held or, where the agent has nothing of it any more, as it is told once more.</summary>
    private bool TryFind(
        in AgentBody told, in GatewayRequest described, AgentCaller caller, out HeldRequest held,
        out (int Code, string Name, string Sentence) refusal)
    {
        refusal = (
            StatusCodes.Status404NotFound, "reservation_unknown",
            "There is no such reservation; send tenant, provider and model as well, and it is published all the same.");
        var name = told.Text(BodyField.Reservation) ?? "";
        if (deciding.Book.TryFind(name, out held))
        {
            if (!Deciding.IsTheirs(caller, held.Decision.Tenant))
            {
                return false;
            }

            if (held.Decision.Code == DecisionCode.CacheOnly && !told.Flag(BodyField.CacheHit))
            {
                refusal = (
                    StatusCodes.Status409Conflict, "cache_only",
                    "Only the cache may answer this request: complete it with cache_hit, or abandon it.");
                return false;
            }

            if (deciding.Book.TryTake(name, out held))
            {
                metrics.Ended(ReservationEnd.Completed);
                return true;
            }
        }

        var request = Described(in told, in described);
        if (request.Model.Length == 0 || request.Provider.Length == 0)
        {
            return false;
        }

        if (!Deciding.IsTheirs(caller, request.Tenant))
        {
            refusal = (StatusCodes.Status403Forbidden, "foreign_tenant", $"The token is for the tenant '{caller.Tenant}' only.");
            return false;
        }

        held.Request = request;
        held.Decision = new GatewayDecision { Tenant = request.Tenant.Length > 0 ? request.Tenant : defaultTenant };
        metrics.Unreserved();
        return true;
    }

    private GatewayRequest Described(in AgentBody told, in GatewayRequest described)
    {
        var request = told.Request(options.DefaultProvider);
        return request with
        {
            Tenant = request.Tenant.Length > 0 ? request.Tenant : described.Tenant ?? "",
            App = request.App ?? described.App,
            Feature = request.Feature ?? described.Feature,
            Environment = request.Environment ?? described.Environment,
            User = request.User ?? described.User,
            Session = request.Session ?? described.Session,
            Provider = told.Text(BodyField.Provider)
                ?? (described.Provider is { Length: > 0 } provider ? provider : options.DefaultProvider),
            Model = request.Model.Length > 0 ? request.Model : described.Model ?? "",
        };
    }

    private async Task<PublishOutcome> WaitAsync(Task<PublishOutcome> confirmed)
    {
        try
        {
            return await confirmed.WaitAsync(options.ConfirmTimeout, time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return PublishOutcome.Accepted;
        }
    }

    private void Say(HttpResponse response, PublishOutcome outcome)
    {
        switch (outcome)
        {
            case PublishOutcome.Acknowledged:
                Done(response, StatusCodes.Status200OK, "acknowledged"u8);
                break;
            case PublishOutcome.Accepted:
                // It is sent as soon as the log takes it; who ends the agent's process before loses it.
                Done(response, StatusCodes.Status202Accepted, "accepted"u8);
                break;
            default:
                response.Headers.RetryAfter = "1";
                Refuse(
                    response, StatusCodes.Status503ServiceUnavailable, outcome == PublishOutcome.Lost ? "lost" : "buffer_full",
                    "The log does not take events; send the completion again.");
                break;
        }
    }

    private void Done(HttpResponse response, int code, ReadOnlySpan<byte> status)
    {
        metrics.Request(AgentEndpoint.Complete, 0);
        Answer.Status(response, code, status);
    }

    private void Refuse(HttpResponse response, int code, string name, string sentence)
    {
        metrics.Request(AgentEndpoint.Complete, 2);
        Answer.Error(response, code, name, sentence);
    }

    /// <summary>A JSON text's own bytes; false where its escapes make no characters.</summary>
    private static bool TryUnescape(ReadOnlySpan<byte> json, out ReadOnlySpan<byte> text)
    {
        text = default;
        var reader = new Utf8JsonReader(json);
        reader.Read();
        var bytes = new byte[json.Length];
        try
        {
            text = bytes.AsSpan(0, reader.CopyString(bytes));
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
