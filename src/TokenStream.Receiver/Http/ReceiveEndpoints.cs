using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using TokenStream.Mapping;

namespace TokenStream.Receiver.Http;

/// <summary>Who sends, where they may.</summary>
/// <param name="Tenant">The only tenant that they may write; null for all.</param>
public sealed record Sender(string? Tenant);

/// <summary>Lets a sender in, or says why not.</summary>
public delegate (Sender? Sender, IResult? Refusal) AdmitSender(HttpRequest request);

/// <summary>The addresses that payloads are posted to: those that each kind of sender knows.</summary>
public sealed class ReceiveEndpoints(PayloadReceiver receiver, AdmitSender admit)
{
    private const string Otlp = "otlp";
    private const string CloudEvents = "cloudevents";
    private const string Langfuse = "langfuse";
    private const string Native = "native";

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/traces", TakeTracesAsync);
        app.MapPost("/api/public/otel", TakeTracesAsync);
        app.MapPost("/api/public/otel/v1/traces", TakeTracesAsync);
        app.MapPost("/v1/logs", http => RefuseSignalAsync(http, "logs", "OTEL_LOGS_EXPORTER=none"));
        app.MapPost("/v1/metrics", http => RefuseSignalAsync(http, "metrics", "OTEL_METRICS_EXPORTER=none"));
        app.MapPost("/api/public/otel/v1/metrics", http => RefuseSignalAsync(http, "metrics", "OTEL_METRICS_EXPORTER=none"));
        app.MapPost("/api/public/ingestion", http => TakeAsync(http, Langfuse, new LangfuseAnswer()));
        app.MapPost("/api/v1/events", http => TakeAsync(http, CloudEvents, new OpenMeterAnswer()));
        app.MapPost("/v1/events", http => TakeAsync(http, IsCloudEvent(http.Request) ? CloudEvents : Native, new EventsAnswer()));
        app.MapPost("/v1/events/{source}", http => TakeAsync(http, (string)http.Request.RouteValues["source"]!, new EventsAnswer()));
    }

    /// <summary>A content type of CloudEvents' own, or the headers of the binary mode.</summary>
    private static bool IsCloudEvent(HttpRequest request) =>
        (request.ContentType?.StartsWith("application/cloudevents", StringComparison.OrdinalIgnoreCase) ?? false) ||
            request.Headers.ContainsKey("ce-specversion");

    private Task TakeTracesAsync(HttpContext http)
    {
        var type = http.Request.ContentType ?? "";
        var isJson = type.StartsWith(OtlpAnswer.Json, StringComparison.OrdinalIgnoreCase);
        var form = new OtlpAnswer(isJson);
        return isJson || type.StartsWith(OtlpAnswer.Protobuf, StringComparison.OrdinalIgnoreCase)
            ? TakeAsync(http, Otlp, form)
            : ReceiverAnswer.Refused(
                form, StatusCodes.Status415UnsupportedMediaType, "content_type", "The content type is not OTLP's",
                $"Send {OtlpAnswer.Protobuf} or {OtlpAnswer.Json}.").WriteAsync(http);
    }

    /// <summary>
    /// Honestly not found: an exporter drops what it gets this for and says so once, where a partial success would claim that it was taken.
    /// </summary>
    private static Task RefuseSignalAsync(HttpContext http, string signal, string remedy)
    {
        var isJson = http.Request.ContentType?.StartsWith(OtlpAnswer.Json, StringComparison.OrdinalIgnoreCase) ?? false;
        return ReceiverAnswer.Refused(
            new OtlpAnswer(isJson), StatusCodes.Status404NotFound, "not_found", $"OTLP {signal} are not taken, traces are",
            $"Usage is read from spans. Send no {signal} here: {remedy}.").WriteAsync(http);
    }

    private async Task TakeAsync(HttpContext http, string name, AnswerForm form)
    {
        var (sender, refusal) = admit(http.Request);
        if (sender is null)
        {
            await refusal!.ExecuteAsync(http);
            return;
        }

        if (PayloadSources.Find(name) is not { } source)
        {
            await ReceiverAnswer.Refused(
                form, StatusCodes.Status404NotFound, "not_found", "There is no such source",
                $"'{name}' is none; there are {string.Join(", ", PayloadSources.All.Select(known => known.Name))}.").WriteAsync(http);
            return;
        }

        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = RequestBody.MostBytes;
        }

        await receiver.TakeAsync(http, source, form, sender.Tenant);
    }
}
