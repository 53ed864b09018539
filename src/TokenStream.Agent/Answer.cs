using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using TokenStream.Commands;
using TokenStream.Gateway;
using TokenStream.Gateway.Http;

namespace TokenStream.Agent;

/// <summary>Writes answers, each into memory that its thread keeps, so that one costs no allocation.</summary>
internal static class Answer
{
    private const string Json = "application/json";

    private static readonly JsonWriterOptions Relaxed =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _bytes;

    [ThreadStatic]
    private static Utf8JsonWriter? _json;

    /// <summary>What became of a request that was asked about.</summary>
    public static void Decision(HttpResponse response, in GatewayDecision decision, GatewayState state, ulong? reservation)
    {
        var json = Begin();
        json.WriteString("decision"u8, decision.IsAllowed ? "allow"u8 : "deny"u8);
        json.WriteNumber("status"u8, decision.Status);
        if (reservation is { } id)
        {
            Span<byte> name = stackalloc byte[ReservationBook.NameLength];
            ReservationBook.Format(id, name);
            json.WriteString("reservation"u8, name);
        }

        if (decision.IsAllowed)
        {
            WriteChanges(json, in decision);
        }
        else
        {
            WriteRefusal(json, in decision);
        }

        json.WriteString("tenant"u8, decision.Tenant);
        json.WriteString("state"u8, Name(state));
        End(json, response, StatusCodes.Status200OK);
    }

    /// <summary>One word of what was done: <c>{"status":"acknowledged"}</c>.</summary>
    public static void Status(HttpResponse response, int code, ReadOnlySpan<byte> status)
    {
        var json = Begin();
        json.WriteString("status"u8, status);
        End(json, response, code);
    }

    /// <summary>What is wrong with a request to the agent, as distinct from a refusal of what was asked about.</summary>
    public static void Error(HttpResponse response, int code, string name, string sentence)
    {
        var json = Begin();
        json.WriteStartObject("error"u8);
        json.WriteString("code"u8, name);
        json.WriteString("message"u8, sentence);
        json.WriteEndObject();
        End(json, response, code);
    }

    /// <summary>All commands in force, each as it was signed.</summary>
    public static void Commands(HttpResponse response, string gateway, GatewayState state, IReadOnlyList<Command> commands)
    {
        var json = Begin();
        WriteCommands(json, gateway, state, commands);
        End(json, response, StatusCodes.Status200OK);
    }

    /// <summary>The same as bytes of their own.</summary>
    public static byte[] Commands(string gateway, GatewayState state, IReadOnlyList<Command> commands)
    {
        var json = Begin();
        WriteCommands(json, gateway, state, commands);
        return Take(json);
    }

    /// <summary>Whether the agent knows the commands in force.</summary>
    public static void Health(HttpResponse response, string gateway, bool isReady, GatewayState state, int commands, string reason)
    {
        var json = Begin();
        json.WriteString("status"u8, isReady ? "ready"u8 : "not ready"u8);
        json.WriteString("gateway_id"u8, gateway);
        json.WriteString("state"u8, Name(state));
        json.WriteNumber("active_commands"u8, commands);
        if (reason.Length > 0)
        {
            json.WriteString("reason"u8, reason);
        }

        End(json, response, isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    public static void Text(HttpResponse response, string contentType, string text)
    {
        response.ContentType = contentType;
        Write(response, StatusCodes.Status200OK, Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Bytes that are JSON already.</summary>
    public static void Raw(HttpResponse response, int code, ReadOnlySpan<byte> json)
    {
        response.ContentType = Json;
        Write(response, code, json);
    }

    public static string Name(GatewayState state) => state switch
    {
        GatewayState.Fresh => "fresh",
        GatewayState.Stale => "stale",
        _ => "blind",
    };

    private static Utf8JsonWriter Begin()
    {
        _bytes ??= new ArrayBufferWriter<byte>(1_024);
        _json ??= new Utf8JsonWriter(_bytes, Relaxed);
        _bytes.ResetWrittenCount();
        _json.Reset(_bytes);
        _json.WriteStartObject();
        return _json;
    }

    private static void WriteChanges(Utf8JsonWriter json, in GatewayDecision decision)
    {
        if (decision.MaxOutputTokens is { } most)
        {
            json.WriteNumber("max_output_tokens"u8, most);
        }

        if (decision.RouteModel is { } model)
        {
            json.WriteString("route_model"u8, model);
        }

        if (decision.RouteProvider is { } provider)
        {
            json.WriteString("route_provider"u8, provider);
        }

        if (decision.ThrottledBy is not null || decision.TrimmedBy is not null || decision.RoutedBy is not null)
        {
            json.WriteStartArray("commands"u8);
            foreach (var command in decision.AppliedCommands())
            {
                json.WriteStringValue(command.Id);
            }

            json.WriteEndArray();
        }
    }

    private static void WriteRefusal(Utf8JsonWriter json, in GatewayDecision decision)
    {
        json.WriteString("code"u8, decision.ErrorCode);
        json.WriteString("message"u8, decision.Reason);
        json.WriteBoolean("should_retry"u8, decision.ShouldRetry);
        if (decision.RetryAfterSeconds is { } seconds)
        {
            json.WriteNumber("retry_after_seconds"u8, seconds);
        }

        if (decision.RefusedBy is { } command)
        {
            json.WriteString("command_id"u8, command.Id);
            json.WriteString("scope"u8, command.Scope.Text);
            json.WriteString("source"u8, command.Source);
        }

        json.WriteStartObject("headers"u8);
        foreach (var (name, value) in RefusalResponse.Headers(in decision))
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        json.WritePropertyName("body"u8);
        json.WriteRawValue(RefusalResponse.Body(in decision), skipInputValidation: true);
    }

    private static void WriteCommands(Utf8JsonWriter json, string gateway, GatewayState state, IReadOnlyList<Command> commands)
    {
        json.WriteString("gateway_id"u8, gateway);
        json.WriteString("state"u8, Name(state));
        json.WriteStartArray("commands"u8);
        foreach (var command in commands)
        {
            json.WriteRawValue(CommandFormat.Write(command), skipInputValidation: true);
        }

        json.WriteEndArray();
    }

    private static void End(Utf8JsonWriter json, HttpResponse response, int code)
    {
        json.WriteEndObject();
        json.Flush();
        response.ContentType = Json;
        Write(response, code, _bytes!.WrittenSpan);
    }

    private static byte[] Take(Utf8JsonWriter json)
    {
        json.WriteEndObject();
        json.Flush();
        return _bytes!.WrittenSpan.ToArray();
    }

    /// <summary>The server sends what was written when the request's handling ends.</summary>
    private static void Write(HttpResponse response, int code, ReadOnlySpan<byte> bytes)
    {
        response.StatusCode = code;
        response.ContentLength = bytes.Length;
        response.BodyWriter.Write(bytes);
    }
}
