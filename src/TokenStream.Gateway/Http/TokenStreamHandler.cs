using System.Net;

namespace TokenStream.Gateway.Http;

/// <summary>
/// Lets OpenAI-shaped requests pass through the gateway: refused ones never leave, admitted ones get the commands' limit and model, and
/// what they used is published. Placed inside of a retry handler it decides about each try anew.
/// </summary>
public sealed class TokenStreamHandler : DelegatingHandler
{
    /// <summary>Bytes of a prompt's JSON that make a token, roughly; high estimates only reserve more than is used.</summary>
    private const int BytesPerToken = 4;

    /// <summary>What writes no text, and would refuse a limit of it.</summary>
    private static readonly string[] Silent = ["/embeddings", "/moderations"];

    private static readonly HttpRequestOptionsKey<int> Attempts = new("TokenStream.Attempts");

    private readonly TokenStreamGateway _gateway;
    private readonly TokenStreamHandlerOptions _options;

    public TokenStreamHandler(TokenStreamGateway gateway, TokenStreamHandlerOptions options) => (_gateway, _options) = (gateway, options);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method != HttpMethod.Post || request.Content is not { } content ||
            content.Headers.ContentType?.MediaType?.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) == true)
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }

        if (!await IsWithinAsync(content, _options.MostBodyBytes, cancellationToken).ConfigureAwait(false))
        {
            return RefusalResponse.OfBody(request, HttpStatusCode.RequestEntityTooLarge, "The request is larger than this gateway reads.");
        }

        var bytes = await content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        switch (OpenAiRequest.Read(bytes, out var body))
        {
            case OpenAiBody.NoModel:
                return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            case OpenAiBody.Unreadable:
                return RefusalResponse.OfBody(request, HttpStatusCode.BadRequest, "The request is not JSON with one meaning.");
            default:
                return await GovernAsync(request, content, bytes, body!, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads asynchronously only: there is no second, ungoverned way out.</summary>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        throw new NotSupportedException("Requests that are governed are sent with SendAsync.");

    private async Task<HttpResponseMessage> GovernAsync(
        HttpRequestMessage request, HttpContent content, byte[] bytes, OpenAiRequest body, CancellationToken cancellationToken)
    {
        var asked = Describe(request, body, bytes);
        var decision = _gateway.Decide(in asked);
        if (!decision.IsAllowed)
        {
            if (decision.Code == DecisionCode.CacheOnly)
            {
                // This client has no cache that could answer.
                _gateway.ReportBlocked(in asked, in decision);
            }

            return RefusalResponse.Of(in decision, request);
        }

        decision = WithoutForeignRoute(in decision);
        var isChat = request.RequestUri?.AbsolutePath.EndsWith("/responses", StringComparison.Ordinal) != true;
        if (body.Rewrite(in decision, isChat) is { } rewritten)
        {
            request.Content = Replace(content, rewritten);
        }

        try
        {
            var call = new GovernedCall(_gateway, asked, decision);
            return await CallAsync(request, body.IsStream, call, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // A retry sends the same message again: it must be decided from what was asked, not from what was made of it.
            request.Content = content;
        }
    }

    private async Task<HttpResponseMessage> CallAsync(
        HttpRequestMessage request, bool isStream, GovernedCall call, CancellationToken cancellationToken)
    {
        try
        {
            var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                call.Report(new GatewayUsage { Result = UsageResult.Error, ErrorType = $"http_{(int)response.StatusCode}" });
            }
            else if (isStream && response.Content.Headers.ContentType?.MediaType == "text/event-stream")
            {
                var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
                response.Content = Copy(response.Content, new StreamContent(new UsageStream(stream, call)));
            }
            else
            {
                await response.Content.LoadIntoBufferAsync(cancellationToken).ConfigureAwait(false);
                var answer = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
                call.Report(OpenAiUsage.TryRead(answer, out var usage) ? usage : Estimate(call, UsageResult.Ok, null));
            }

            return response;
        }
        catch (OperationCanceledException)
        {
            // What the provider had done by then is billed, and unknown.
            call.Report(Estimate(call, cancellationToken.IsCancellationRequested ? UsageResult.Cancelled : UsageResult.Timeout, null));
            throw;
        }
        catch (HttpRequestException failure)
        {
            call.Report(new GatewayUsage { Result = UsageResult.Error, ErrorType = failure.HttpRequestError.ToString() });
            throw;
        }
    }

    private static async Task<bool> IsWithinAsync(HttpContent content, int mostBytes, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength is { } length)
        {
            return length <= mostBytes;
        }

        try
        {
            await content.LoadIntoBufferAsync(mostBytes, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (HttpRequestException)
        {
            // That is how a buffer says that it is full.
            return false;
        }
    }

    private GatewayRequest Describe(HttpRequestMessage request, OpenAiRequest body, byte[] bytes)
    {
        var caller = request.Options.TryGetValue(TokenStreamHandlerOptions.Attribution, out var given)
            ? given
            : _options.Attribute?.Invoke(request) ?? new RequestAttribution("");
        var attempt = request.Options.TryGetValue(Attempts, out var before) ? before + 1 : 1;
        request.Options.Set(Attempts, attempt);
        return new GatewayRequest
        {
            Tenant = caller.Tenant,
            Environment = caller.Environment,
            App = caller.App,
            Feature = caller.Feature,
            User = caller.User,
            Session = caller.Session,
            RequestId = caller.RequestId,
            Attempt = attempt,
            Provider = _options.Provider,
            Model = caller.ModelRequested ?? body.Model,
            ServedModel = caller.ModelRequested is null ? null : body.Model,
            TokensIn = _options.EstimateTokensIn?.Invoke(bytes) ?? bytes.Length / BytesPerToken,
            MaxTokens = body.MaxTokens,
            Answers = body.Answers,
            IsWithoutOutput = Silent.Any(end => request.RequestUri?.AbsolutePath.EndsWith(end, StringComparison.Ordinal) == true),
            ServiceTier = body.ServiceTier,
        };
    }

    /// <summary>This client speaks to one provider: a route to another one is left to whoever chooses the client.</summary>
    private GatewayDecision WithoutForeignRoute(in GatewayDecision decision) =>
        decision.RouteProvider is { } provider && provider != _options.Provider ? decision with { RoutedBy = null } : decision;

    private static GatewayUsage Estimate(GovernedCall call, UsageResult result, string? errorType) => new()
    {
        Result = result,
        ErrorType = errorType,
        IsEstimated = true,
        TokensIn = call.Request.TokensIn,
        TokensOut = result == UsageResult.Ok ? call.Decision.MaxOutputTokens ?? 0 : 0,
    };

    private static ByteArrayContent Replace(HttpContent content, byte[] bytes)
    {
        var replaced = Copy(content, new ByteArrayContent(bytes));
        replaced.Headers.ContentLength = bytes.Length;
        return replaced;
    }

    private static T Copy<T>(HttpContent from, T to)
        where T : HttpContent
    {
        foreach (var (name, values) in from.Headers.NonValidated)
        {
            to.Headers.TryAddWithoutValidation(name, values);
        }

        return to;
    }
}
