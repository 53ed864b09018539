using System.IO.Compression;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using TokenStream.Gateway;
using TokenStream.Mapping.ProviderUsage;

namespace TokenStream.Proxy;

/// <summary>Sends requests to their upstream and its answers to their callers.</summary>
internal sealed class Forwarding(
    ProxyOptions options, Callers callers, TokenStreamGateway gateway, ProxyMetrics metrics, TimeProvider time, ILogger logger,
    CancellationToken stopping)
{
    /// <summary>Sends on what nothing is decided about, as it is.</summary>
    public async Task PassAsync(Order order)
    {
        using var message = Message(order);
        message.Content = Content(order);
        Copy(order, message, keepsEncodings: true);
        var (answer, _) = await SendAsync(order, message);
        using (answer)
        {
            if (answer is null)
            {
                return;
            }

            Finish(order, await AnswerAsync(order, answer, isChanged: false, source => Plain(order, source)), "undecided");
        }
    }

    /// <summary>Sends on what was let in, as the decision wants it, and says what it used.</summary>
    public async Task GovernAsync(Order order, GatewayRequest asked, GatewayDecision decision)
    {
        var call = new ProxyCall(gateway, asked, decision, metrics, time);
        try
        {
            var body = order.Body!;
            var isStream = body.IsStream || order.Api.IsStreamByPath;
            var takesOut = Edit(order, in decision, isStream);
            using var message = Message(decision.RouteModel is { } model ? Rerouted(order, model) : order);
            message.Content = new ReadOnlyMemoryContent(body.Edited());
            Copy(order, message, keepsEncodings: false);
            message.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
            var (answer, end) = await SendAsync(order, message);
            using (answer)
            {
                if (answer is null)
                {
                    ReportUnanswered(call, end);
                }
                else if (!answer.IsSuccessStatusCode)
                {
                    await PassErrorAsync(order, answer, call);
                }
                else
                {
                    using var running = isStream ? gateway.Follow(in asked, in decision) : null;
                    await PassAnswerAsync(order, answer, call, isStream, takesOut, running);
                }
            }
        }
        finally
        {
            // Whatever became of it, what it may have used is told.
            call.Report(UsageResult.Cancelled, "caller_left", isEstimated: true);
        }
    }

    /// <summary>Puts the decision into the body; true where the stream's usage is asked for although the caller does not.</summary>
    private static bool Edit(Order order, in GatewayDecision decision, bool isStream)
    {
        var (body, kind) = (order.Body!, order.Api.Kind);
        if (decision.MaxOutputTokens is { } limit)
        {
            body.SetLimit(kind, limit);
        }

        if (decision.RouteModel is { } model && body.Model is not null)
        {
            body.SetModel(model);
        }

        var asks = kind is ApiKind.Chat or ApiKind.Completions && isStream && !body.AsksForUsage && order.Upstream.Options.AsksForUsage;
        if (asks)
        {
            body.AskForUsage();
        }

        return asks;
    }

    private static Order Rerouted(Order order, string model) => order.Api.Model is null
        ? order
        : order with { Path = new PathString(order.Api.WithModel(model.Replace("/", "%2F", StringComparison.Ordinal))) };

    private static HttpRequestMessage Message(Order order) =>
        new(new HttpMethod(order.Context.Request.Method), order.Upstream.Address(order.Path, order.Context.Request.QueryString))
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

    private static HttpContent? Content(Order order)
    {
        if (order.Held is { } held)
        {
            return new ReadOnlyMemoryContent(held);
        }

        var request = order.Context.Request;
        if (order.Context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != true)
        {
            return null;
        }

        var content = new StreamContent(request.Body);
        content.Headers.ContentLength = request.ContentLength;
        return content;
    }

    private void Copy(Order order, HttpRequestMessage message, bool keepsEncodings)
    {
        var keepsCredentials = order.Upstream.Options.Key is null;
        ForwardedHeaders.Copy(order.Context.Request.Headers, message, callers.Own, keepsCredentials, keepsEncodings);
        order.Upstream.Authorize(message);
        message.Headers.TryAddWithoutValidation("Via", order.Via);
    }

    /// <summary>The answer's beginning; where there is none its caller has been told, and how it ended is said.</summary>
    private async Task<(HttpResponseMessage? Answer, AnswerEnd End)> SendAsync(Order order, HttpRequestMessage message)
    {
        var upstream = order.Upstream.Options;
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(order.Context.RequestAborted, stopping);
        cut.CancelAfter(options.AnswerTimeout);
        try
        {
            return (await order.Upstream.SendAsync(message, cut.Token), AnswerEnd.Whole);
        }
        catch (OperationCanceledException) when (order.Context.RequestAborted.IsCancellationRequested)
        {
            metrics.Count(upstream.Name, "caller_left");
            return (null, AnswerEnd.CallerLeft);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await TellAsync(order, 503, "proxy_stopped", "The proxy is stopping.");
            return (null, AnswerEnd.Stopped);
        }
        catch (OperationCanceledException)
        {
            ProxyLog.Silent(logger, upstream.Name, options.AnswerTimeout.TotalSeconds);
            await TellAsync(order, 504, "upstream_silent", "The upstream has not answered in time.");
            return (null, AnswerEnd.Silent);
        }
        catch (HttpRequestException failure)
        {
            ProxyLog.Unreachable(logger, upstream.Name, upstream.Url, failure.Message);
            await TellAsync(order, 502, "upstream_unreachable", "The upstream cannot be reached.");
            return (null, AnswerEnd.Broken);
        }
    }

    private async Task TellAsync(Order order, int status, string code, string message)
    {
        metrics.Count(order.Upstream.Options.Name, code);
        if (!order.Context.RequestAborted.IsCancellationRequested)
        {
            await Answer.WriteAsync(order.Context, status, order.Api.Family, ProviderErrors.Body(order.Api.Family, status, code, message));
        }
    }

    /// <summary>What a provider had done when it was given up is billed, and unknown; what it was never reached for is not.</summary>
    private static void ReportUnanswered(ProxyCall call, AnswerEnd end) => call.Report(
        end switch { AnswerEnd.Broken => UsageResult.Error, AnswerEnd.Silent => UsageResult.Timeout, _ => UsageResult.Cancelled },
        end switch
        {
            AnswerEnd.Broken => "upstream_unreachable",
            AnswerEnd.Silent => "upstream_silent",
            AnswerEnd.Stopped => "proxy_stopped",
            _ => "caller_left",
        },
        isEstimated: end != AnswerEnd.Broken);

    private async Task PassErrorAsync(Order order, HttpResponseMessage answer, ProxyCall call)
    {
        var status = (int)answer.StatusCode;
        var result = status is 408 or 504 ? UsageResult.Timeout : UsageResult.Error;
        call.Report(result, FormattableString.Invariant($"http_{status}"), isEstimated: false);
        Finish(order, await AnswerAsync(order, answer, isChanged: false, source => Plain(order, source)), "error");
    }

    /// <summary>Passes an answer on that nobody looks into.</summary>
    private AnswerPump Plain(Order order, Stream source) => new(order.Context, source, options.SilenceTimeout) { Stopping = stopping };

    private async Task PassAnswerAsync(
        Order order, HttpResponseMessage answer, ProxyCall call, bool isStream, bool takesOut, RunningAnswer? running)
    {
        var type = answer.Content.Headers.ContentType?.MediaType;
        var isEvents = type == "text/event-stream";
        var packed = answer.Content.Headers.ContentEncoding.LastOrDefault();
        var isPacked = packed is "gzip" or "br" or "deflate";
        var isForeign = packed is not (null or "identity") && !isPacked;
        var scanner = new ProviderUsageScanner(order.Api.Path, type == "application/vnd.amazon.eventstream");
        var filter = takesOut && isEvents && !isForeign ? new ExtraUsageFilter() : null;
        AnswerPump? pump = null;
        var end = AnswerEnd.CallerLeft;
        try
        {
            end = await AnswerAsync(order, answer, isChanged: isPacked || filter is not null, source => pump = new AnswerPump(
                order.Context, Unpacked(source, packed), options.SilenceTimeout)
            {
                Scanner = scanner,
                Filter = filter,
                Killed = running?.Ended ?? default,
                Stopping = stopping,
                Began = () =>
                {
                    metrics.FirstByte(time.GetElapsedTime(order.Start), order.Upstream.Options.Name);
                    if (isStream)
                    {
                        call.SeeFirstToken();
                    }
                },
            });
        }
        finally
        {
            call.Report(scanner, end, isStream, order.Upstream.Options.Provider);
        }

        if (end is AnswerEnd.Killed or AnswerEnd.Stopped && isEvents && pump is { IsBetweenEvents: true }
            && ProviderErrors.Event(order.Api.Family, Code(end), Message(end)) is { Length: > 0 } last)
        {
            // A whole event can follow a whole one: the caller's SDK then says why the answer ends.
            await order.Context.Response.Body.WriteAsync(last, order.Context.RequestAborted);
            metrics.Count(order.Upstream.Options.Name, Code(end));
            return;
        }

        Finish(order, end, "ok");
    }

    private static Stream Unpacked(Stream source, string? packed) => packed switch
    {
        "gzip" => new GZipStream(source, CompressionMode.Decompress),
        "br" => new BrotliStream(source, CompressionMode.Decompress),
        "deflate" => new ZLibStream(source, CompressionMode.Decompress),
        _ => source,
    };

    /// <summary>Gives the answer's head at once, then its body as it comes.</summary>
    private static async Task<AnswerEnd> AnswerAsync(Order order, HttpResponseMessage answer, bool isChanged, Func<Stream, AnswerPump> pump)
    {
        var response = order.Context.Response;
        response.StatusCode = (int)answer.StatusCode;
        ForwardedHeaders.Copy(answer, response.Headers, isChanged);
        await response.StartAsync(order.Context.RequestAborted);
        await using var source = await answer.Content.ReadAsStreamAsync(order.Context.RequestAborted);
        var end = await pump(source).RunAsync();
        if (end == AnswerEnd.Whole && response.SupportsTrailers())
        {
            foreach (var (name, values) in answer.TrailingHeaders.NonValidated)
            {
                response.AppendTrailer(name, new Microsoft.Extensions.Primitives.StringValues([.. values]));
            }
        }

        return end;
    }

    /// <summary>Counts what became of it; a caller whose answer is not whole must see that it is not.</summary>
    private void Finish(Order order, AnswerEnd end, string whole)
    {
        metrics.Count(order.Upstream.Options.Name, end == AnswerEnd.Whole ? whole : Code(end));
        if (end == AnswerEnd.Silent)
        {
            ProxyLog.Silent(logger, order.Upstream.Options.Name, options.SilenceTimeout.TotalSeconds);
        }

        if (end != AnswerEnd.Whole)
        {
            order.Context.Abort();
        }
    }

    private static string Code(AnswerEnd end) => end switch
    {
        AnswerEnd.CallerLeft => "caller_left",
        AnswerEnd.Killed => "tokenstream_killed",
        AnswerEnd.Stopped => "proxy_stopped",
        AnswerEnd.Silent => "upstream_silent",
        _ => "stream_broken",
    };

    private static string Message(AnswerEnd end) => end == AnswerEnd.Killed
        ? "The answer was ended: requests of its kind are stopped."
        : "The answer was ended: the proxy is stopping.";
}
