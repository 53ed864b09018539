using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using TokenStream.Mapping;
using TokenStream.Mapping.Sources;
using TokenStream.Receiver.Http;
using TokenStream.Receiver.Intake;
using TokenStream.Runtime;

namespace TokenStream.Receiver;

/// <summary>
/// Takes payloads in over HTTP and answers when the log has acknowledged every event. Keeps nothing in between: as many as one likes stand
/// behind a load balancer.
/// </summary>
public sealed class PayloadReceiver : IDisposable
{
    private const int SoonSeconds = 1;
    private const int LaterSeconds = 5;

    private readonly InFlightBytes _inFlight;
    private readonly PayloadIntake _intake;
    private readonly LogWriter _writer;
    private readonly ReceiveMetrics _metrics;
    private readonly TimeProvider _clock;

    /// <param name="sink">Belongs to the receiver from here on, on a thread of its own, until it is disposed of.</param>
    /// <param name="counters">Count what each source sends; null where nobody asks.</param>
    public PayloadReceiver(
        PayloadReceiverOptions options, IRecordSink sink, ReceiveMetrics metrics, SourceCounters? counters, TimeProvider clock,
        ILogger logger)
    {
        (_metrics, _clock) = (metrics, clock);
        _inFlight = new InFlightBytes(options.InFlightBytes);
        _intake = new PayloadIntake(options.Attributions, metrics, counters);
        _writer = new LogWriter(sink, options.Topics, logger);
        metrics.ObserveInFlight(() => _inFlight.Held);
    }

    /// <summary>
    /// Why the log takes nothing, null where it does. Set by whoever looks after the log, too: while it is away, senders are told at once.
    /// </summary>
    public string? Unavailable
    {
        get => _writer.Unavailable;
        set => _writer.Unavailable = value;
    }

    /// <summary>Writes what was taken, then ends.</summary>
    public void Dispose() => _writer.Dispose();

    /// <summary>Takes a request's payload and answers it.</summary>
    /// <param name="tenant">The only tenant that the sender may write; null for all.</param>
    internal async Task TakeAsync(HttpContext http, PayloadSource source, AnswerForm form, string? tenant)
    {
        var began = _clock.GetTimestamp();
        using var share = new InFlightShare(_inFlight);
        var answer = await TakeAsync(http.Request, source, form, tenant, share, http.RequestAborted);
        await answer.WriteAsync(http);
        _metrics.Answer(source.Name, answer.Status, _clock.GetElapsedTime(began));
    }

    private async Task<ReceiverAnswer> TakeAsync(
        HttpRequest request, PayloadSource source, AnswerForm form, string? tenant, InFlightShare share, CancellationToken cancellation)
    {
        if (_writer.Unavailable is { } away)
        {
            return LogUnavailable(form, away);
        }

        MappedPayload payload;
        ReceiverAnswer answer;
        using (var body = new RequestBody(share))
        {
            var outcome = await body.ReadAsync(request, cancellation);
            if (outcome != BodyOutcome.Read)
            {
                return Unread(form, outcome);
            }

            var nowMs = _clock.GetUtcNow().ToUnixTimeMilliseconds();
            payload = _intake.Map(source, body.Bytes, headers => Copy(request, headers), nowMs, tenant);
            answer = AnswerOnceTaken(form, payload);
        }

        if (payload.Size == 0)
        {
            return answer;
        }

        if (!share.TryTake(payload.Size) || !_writer.TryWrite(payload))
        {
            return Unread(form, BodyOutcome.NoRoom);
        }

        return await payload.Outcome.Task is { } reason ? LogUnavailable(form, reason) : answer;
    }

    /// <summary>The answer for when the log has acknowledged events and what was put aside.</summary>
    private static ReceiverAnswer AnswerOnceTaken(AnswerForm form, MappedPayload payload)
    {
        var isNothing = payload is { Accepted: 0, Refused: > 0 };
        if (!isNothing || form.TakesWhollyRefused(payload))
        {
            return new ReceiverAnswer(form.TakenStatus, form.ContentType, form.Taken(payload));
        }

        var first = payload.Refusals[0];
        var isTooLarge = first.Reason == MappingReason.PayloadTooLarge.Name();
        var status = isTooLarge ? StatusCodes.Status413PayloadTooLarge
            : payload.IsUnreadable ? StatusCodes.Status400BadRequest
            : StatusCodes.Status422UnprocessableEntity;
        return ReceiverAnswer.Refused(
            form, status, first.Reason, payload.IsUnreadable ? "The payload cannot be read" : "No item of the payload became an event",
            first.Detail, payload.Refusals);
    }

    private static ReceiverAnswer LogUnavailable(AnswerForm form, string reason) => ReceiverAnswer.Refused(
        form, StatusCodes.Status503ServiceUnavailable, "log_unavailable", "The log does not take events now",
        $"Send the same again later; what was taken already counts once. {reason}") with { RetryAfterSeconds = LaterSeconds };

    private static ReceiverAnswer Unread(AnswerForm form, BodyOutcome outcome) => outcome switch
    {
        BodyOutcome.TooLarge => ReceiverAnswer.Refused(
            form, StatusCodes.Status413PayloadTooLarge, "too_long", "The payload is too long",
            $"At most {RequestBody.MostBytes} bytes are taken, unpacked; send several payloads."),
        BodyOutcome.NoRoom => ReceiverAnswer.Refused(
            form, StatusCodes.Status429TooManyRequests, "busy", "Too much is on its way to the log",
            "Send the same again in a moment.") with { RetryAfterSeconds = SoonSeconds },
        BodyOutcome.UnknownEncoding => ReceiverAnswer.Refused(
            form, StatusCodes.Status415UnsupportedMediaType, "content_encoding", "The content encoding is not taken",
            "Send gzip, or nothing packed."),
        _ => ReceiverAnswer.Refused(
            form, StatusCodes.Status400BadRequest, "damaged", "The body is damaged", "It is cut, or not the gzip that its header says."),
    };

    private static void Copy(HttpRequest request, PayloadHeaders headers)
    {
        foreach (var (name, values) in request.Headers)
        {
            if (name.Equals("authorization", StringComparison.OrdinalIgnoreCase))
            {
                // A mapper may tell senders apart by it, and has no use for the secret.
                headers.Add(name, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(values.ToString()))));
            }
            else if (!name.Equals("cookie", StringComparison.OrdinalIgnoreCase))
            {
                headers.Add(name, values.ToString());
            }
        }
    }
}
