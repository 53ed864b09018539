using System.CommandLine;
using System.Globalization;
using TokenStream.Mapping;
using TokenStream.Mapping.LiteLlm;
using TokenStream.Mapping.ProviderUsage;
using TokenStream.Pricing;
using TokenStream.Service.Node;

namespace TokenStream.Service.Commands;

/// <summary>
/// <c>tokenstream inspect</c>: what a gateway's payload becomes, where each field was read, what is unknown, and what it costs.
/// </summary>
internal static class InspectCommand
{
    /// <summary>The question cannot be answered as it was put.</summary>
    private const int UsageError = 2;

    internal static Command Create()
    {
        var file = new Argument<string>("file")
        {
            Description = "One payload as it was sent; gzip where the name ends in .gz; - for standard input.",
        };
        var source = new Option<string>("--as")
        {
            Description = "Who sent it: litellm, provider, or auto to see by its fields.",
            DefaultValueFactory = _ => "auto",
        };
        source.AcceptOnlyFromAmong("auto", "litellm", "provider");
        var path = Text("--path", "Of a provider's answer: the path that was asked, such as /v1/messages.");
        var status = new Option<int>("--status") { Description = "Of a provider's answer: its HTTP status." };
        var model = Text("--model", "Of a provider's answer: the model that was asked for.");
        var provider = Text("--provider", "Of a provider's answer: who served it, where its shape is another's.");
        var tenant = Text("--tenant", "Of a provider's answer: who asked.");
        var at = new Option<string?>("--at")
        {
            Description = "Of a provider's answer: when it ended, such as 2026-08-21T06:00:00Z; by default now.",
        };
        var prices = new Option<FileInfo?>("--prices") { Description = "A price book whose entries win over the default book's." };
        var command = new Command(
            "inspect",
            """
            Show what a payload of a gateway or provider becomes: the native event, the path each field was read at, what stays unknown, and
            the price. Exit code 1 where something was refused, 2 where the file cannot be read.
            Example: tokenstream inspect payload.json --as litellm
            """) { file, source, path, status, model, provider, tenant, at, prices };
        command.SetAction(parsed =>
        {
            if (!TryTime(parsed.GetValue(at), out var timeMs))
            {
                Console.Error.WriteLine($"--at {parsed.GetValue(at)} is not a time such as 2026-08-21T06:00:00Z.");
                return UsageError;
            }

            var context = new ProviderContext
            {
                TimeMs = timeMs,
                Path = parsed.GetValue(path)!,
                HttpStatus = parsed.GetValue(status),
                Model = parsed.GetValue(model)!,
                Provider = parsed.GetValue(provider)!,
                Tenant = parsed.GetValue(tenant)!,
            };
            var book = parsed.GetValue(prices)?.FullName;
            return Inspect(parsed.GetValue(file)!, parsed.GetValue(source)!, context, book, Console.Out, Console.Error);
        });
        return command;
    }

    internal static int Inspect(string file, string source, ProviderContext context, string? prices, TextWriter output, TextWriter errors)
    {
        byte[] payload;
        PriceBook book;
        try
        {
            using var stream = PayloadFiles.Open(file);
            payload = PayloadFiles.Read(stream);
            book = PriceFiles.Book(prices);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException or NodeStartException)
        {
            errors.WriteLine($"{file} cannot be inspected: {failure.Message}");
            return UsageError;
        }

        var events = new MappedEvents { Trace = new MappingTrace() };
        var kind = Map(payload, source, context, ref events);
        var items = events.Count == 1 ? "item" : "items";
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{file}: {kind}, {payload.Length} bytes, {events.Count} {items}"));
        var refused = 0;
        for (var item = 0; item < events.Count; item++)
        {
            refused += InspectionText.Write(output, events, item, book) ? 0 : 1;
        }

        return refused == 0 ? 0 : 1;
    }

    /// <summary>LiteLLM's fields are tried first: it wraps what providers answer.</summary>
    private static string Map(byte[] payload, string source, ProviderContext context, ref MappedEvents events)
    {
        if (source != "provider")
        {
            new LiteLlmMapper().Map(new Payload(payload, context.TimeMs), events);
            var isOther = events.Count == 1 && events[0].Error.Reason is MappingReason.NotOfThisSource or MappingReason.InvalidJson;
            if (source == "litellm" || !isOther)
            {
                return "LiteLLM's StandardLoggingPayload";
            }
        }

        events = new MappedEvents { Trace = new MappingTrace() };
        var mapper = new ProviderUsageMapper();
        mapper.Map(payload, context, events);
        return mapper.Shape == ProviderShape.None ? "nothing that is known" : $"a provider's answer ({mapper.Shape})";
    }

    private static bool TryTime(string? text, out long timeMs)
    {
        timeMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        if (text is null)
        {
            return true;
        }

        var isTime = DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time);
        timeMs = time.ToUnixTimeMilliseconds();
        return isTime;
    }

    private static Option<string> Text(string name, string description) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => string.Empty,
    };
}
