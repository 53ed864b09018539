using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Kafka;
using TokenStream.Mapping;
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

    private const string ClientId = "tokenstream-inspect";

    /// <summary>The answer to who sent it: whoever's fields are there.</summary>
    private const string Auto = "auto";

    internal static Command Create()
    {
        var file = new Argument<string?>("file")
        {
            Description = "One payload as it was sent; gzip where the name ends in .gz; - for standard input.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var topic = new Option<string?>("--topic")
        {
            Description = "Instead of a file: a topic, of payloads, of events (llm.requests) or of dead letters.",
        };
        var offset = new Option<long?>("--offset")
        {
            Description = "Of a topic: the record's offset; by default the newest record is shown.",
        };
        var partition = new Option<int?>("--partition") { Description = "Of a topic: its partition; 0 where only an offset is given." };
        var names = PayloadSources.All.Select(source => source.Name).ToArray();
        var source = new Option<string>("--as")
        {
            Description = $"Who sent it: {string.Join(", ", names)}, or auto to see by its fields.",
            DefaultValueFactory = _ => Auto,
        };
        source.AcceptOnlyFromAmong([Auto, .. names]);
        var header = new Option<string[]>("--header")
        {
            Description = "A header that came with it, NAME=VALUE, such as content-type=application/cloudevents+json; again for more.",
        };
        (Option<string> Option, string Header)[] asked =
        [
            (Text("--path", "Of a provider's answer: the path that was asked, such as /v1/messages."), "ts-path"),
            (Text("--status", "Of a provider's answer: its HTTP status."), "ts-status"),
            (Text("--model", "Of a provider's answer: the model that was asked for."), "ts-model"),
            (Text("--provider", "Of a provider's answer: who served it, where its shape is another's."), "ts-provider"),
            (Text("--tenant", "Of a provider's answer: who asked."), "ts-tenant"),
        ];
        var at = new Option<string?>("--at")
        {
            Description = "When it was received, such as 2026-08-21T06:00:00Z, the time of what tells none; by default now.",
        };
        var prices = new Option<FileInfo?>("--prices") { Description = "A price book whose entries win over the default book's." };
        var command = new Command(
            "inspect",
            """
            Show what a payload of a gateway or provider becomes: the native event, the path each field was read at, what stays unknown, and
            the price. Exit code 1 where something was refused, 2 where the file cannot be read.
            Examples: tokenstream inspect payload.json --as litellm
                      tokenstream inspect --topic tokenstream.deadletter --offset 17
            """) { file, topic, offset, partition, source, header, at, prices };
        Connections.AddKafka(command);
        foreach (var (option, _) in asked)
        {
            command.Add(option);
        }

        command.SetAction(parsed =>
        {
            if (!TryTime(parsed.GetValue(at), out var timeMs))
            {
                Console.Error.WriteLine($"--at {parsed.GetValue(at)} is not a time such as 2026-08-21T06:00:00Z.");
                return UsageError;
            }

            var headers = new PayloadHeaders();
            foreach (var text in parsed.GetValue(header) ?? [])
            {
                var middle = text.IndexOf('=', StringComparison.Ordinal);
                if (middle < 1)
                {
                    Console.Error.WriteLine($"--header {text} is not NAME=VALUE.");
                    return UsageError;
                }

                headers.Add(text[..middle], text[(middle + 1)..]);
            }

            foreach (var (option, name) in asked.Where(it => parsed.GetValue(it.Option)!.Length > 0))
            {
                headers.Add(name, parsed.GetValue(option)!);
            }

            var book = parsed.GetValue(prices)?.FullName;
            if (parsed.GetValue(file) is null == (parsed.GetValue(topic) is null))
            {
                Console.Error.WriteLine("Name one: a file, - for standard input, or --topic.");
                return UsageError;
            }

            return parsed.GetValue(topic) is { } looked
                ? InspectTopic(parsed, looked, parsed.GetValue(partition), parsed.GetValue(offset), parsed.GetValue(source)!, headers, book)
                : Inspect(parsed.GetValue(file)!, parsed.GetValue(source)!, timeMs, headers, book, Console.Out, Console.Error);
        });
        return command;
    }

    internal static int Inspect(
        string file, string source, long receivedMs, PayloadHeaders headers, string? prices, TextWriter output, TextWriter errors)
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

        return Show(new TopicPayload(file, payload, receivedMs, headers, PayloadSources.Find(source), null, []), book, output);
    }

    private static int InspectTopic(
        ParseResult parsed, string topic, int? partition, long? offset, string source, PayloadHeaders headers, string? prices)
    {
        try
        {
            var options = Connections.Options(parsed);
            var kafka = Connections.ToKafka(options);
            var record = partition is null && offset is null
                ? Newest(kafka, topic)
                : TopicRecord.Read(kafka, topic, partition ?? 0, offset, ClientId, NullLogger.Instance);
            var payload = TopicPayload.Of(topic, record, headers, options);
            if (PayloadSources.Find(source) is { } said)
            {
                // The paths that are configured for a topic or an address are those of its own source.
                payload = payload with { Source = said, Attribution = said == payload.Source ? payload.Attribution : null };
            }

            return Show(payload, PriceFiles.Book(prices), Console.Out);
        }
        catch (Exception failure) when (failure is NodeStartException or KafkaUnavailableException or RecordMissingException)
        {
            Console.Error.WriteLine(failure.Message);
            return UsageError;
        }
    }

    /// <summary>The record of all partitions that was written last.</summary>
    private static TopicRecord Newest(KafkaOptions kafka, string topic)
    {
        using var admin = new TopicAdmin(kafka, ClientId, TimeProvider.System, NullLogger.Instance);
        if (!admin.Partitions().TryGetValue(topic, out var partitions))
        {
            throw new RecordMissingException($"Kafka at {kafka.BootstrapServers} has no topic {topic} (--topic).");
        }

        var found = new List<TopicRecord>();
        for (var partition = 0; partition < partitions; partition++)
        {
            try
            {
                found.Add(TopicRecord.Read(kafka, topic, partition, null, ClientId, NullLogger.Instance));
            }
            catch (RecordMissingException)
            {
                // Another one may have records.
            }
        }

        return found.MaxBy(record => record.TimestampMs) ?? throw new RecordMissingException($"The topic {topic} has no records.");
    }

    private static int Show(TopicPayload payload, PriceBook book, TextWriter output)
    {
        var sent = new Payload(payload.Body, payload.ReceivedMs, payload.Headers);
        var chosen = payload.Source ?? SourceOf(in sent);
        foreach (var note in payload.Notes)
        {
            output.WriteLine($"{payload.Name}: {note}");
        }

        if (chosen is null)
        {
            var names = string.Join(", ", PayloadSources.All.Select(known => known.Name));
            output.WriteLine($"{payload.Name}: nothing that is known; --as ({names}) says why a source refuses it.");
            return 1;
        }

        var events = Map(chosen, payload.Attribution ?? chosen.DefaultAttribution, in sent);
        var items = events.Count == 1 ? "item" : "items";
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{payload.Name}: {chosen.Name} ({chosen.Description}), {payload.Body.Length} bytes, {events.Count} {items}"));
        if (events.ContextItems + events.DuplicateItems > 0)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Beside them {events.ContextItems} that are context, and {events.DuplicateItems} that tell of a request once more."));
        }

        var refused = 0;
        for (var item = 0; item < events.Count; item++)
        {
            refused += InspectionText.Write(output, events, item, book) ? 0 : 1;
        }

        return refused == 0 ? 0 : 1;
    }

    private static MappedEvents Map(PayloadSource source, AttributionPaths attribution, in Payload payload)
    {
        var events = new MappedEvents { Trace = new MappingTrace() };
        source.Create(attribution).Map(in payload, events);
        return events;
    }

    /// <summary>
    /// The source that makes most events of a payload or, where none makes one, that knows its fields and refuses it for a reason of
    /// theirs. Null where nobody knows it. Providers' answers come last: gateways wrap them.
    /// </summary>
    private static PayloadSource? SourceOf(in Payload payload)
    {
        PayloadSource? best = null;
        var (most, least) = (0, 0);
        foreach (var source in PayloadSources.All.OrderBy(source => source == PayloadSources.Provider))
        {
            var events = Map(source, source.DefaultAttribution, in payload);
            var (accepted, known) = (0, 0);
            for (var item = 0; item < events.Count; item++)
            {
                accepted += events[item].IsEvent ? 1 : 0;
                var isForeign = events[item].Error.Reason
                    is MappingReason.NotOfThisSource or MappingReason.InvalidJson or MappingReason.InvalidProtobuf;
                known += isForeign ? 0 : 1;
            }

            if (accepted > most || (accepted == most && known > least))
            {
                (best, most, least) = (source, accepted, known);
            }
        }

        return best;
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
