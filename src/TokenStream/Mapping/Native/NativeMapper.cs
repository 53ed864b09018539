using System.Text.Json;
using TokenStream.Events;

namespace TokenStream.Mapping.Native;

/// <summary>
/// Takes native events as they are: one, an array of them, or one after the other with blanks or line ends between (NDJSON). Each is
/// judged as the aggregate stage will judge it, so that a sender hears at once what would become a dead letter. Where the content type
/// says that lines are meant, a broken line costs that line alone. One mapper belongs to one thread.
/// </summary>
public sealed class NativeMapper : IPayloadMapper
{
    private readonly EventDecoder _decoder = new([]);
    private UsageEvent _event;

    public void Map(in Payload payload, MappedEvents events)
    {
        events.Clear();
        events.SetEmitter("native"u8);
        var body = payload.Body;
        var scanner = new JsonScanner(body);
        if (body.Length > MappingLimits.PayloadBytes || scanner.AtEnd())
        {
            var reason = body.Length > MappingLimits.PayloadBytes ? MappingReason.PayloadTooLarge : MappingReason.EmptyPayload;
            events.RefuseAll(new MappingError(reason, 0, ""));
            return;
        }

        if (IsLines(payload.Header("content-type"u8)))
        {
            MapLines(body, events);
        }
        else if (!TryMapValues(body, ref scanner, events))
        {
            var reason = scanner.Failure == DecodeReason.TooDeep ? MappingReason.TooDeep : MappingReason.InvalidJson;
            events.RefuseAll(new MappingError(reason, scanner.At, ""));
        }

        if (events.Count > MappingLimits.Items)
        {
            events.RefuseAll(new MappingError(MappingReason.PayloadTooLarge, 0, ""));
        }
    }

    /// <summary>Whether a content type says that each line is a value.</summary>
    public static bool IsLines(ReadOnlySpan<byte> contentType) =>
        contentType.StartsWith("application/x-ndjson"u8) || contentType.StartsWith("application/jsonl"u8)
        || contentType.StartsWith("application/x-jsonlines"u8) || contentType.StartsWith("application/jsonlines"u8);

    private void MapLines(ReadOnlySpan<byte> body, MappedEvents events)
    {
        for (var at = 0; at < body.Length && events.Count <= MappingLimits.Items;)
        {
            var length = body[at..].IndexOf((byte)'\n') is >= 0 and var end ? end : body.Length - at;
            var line = body.Slice(at, length);
            if (line.Trim(" \t\r"u8).Length > 0)
            {
                MapOne(line, at, events);
            }

            at += length + 1;
        }
    }

    private bool TryMapValues(ReadOnlySpan<byte> body, ref JsonScanner scanner, MappedEvents events)
    {
        var isArray = scanner.Peek() == '[';
        scanner.At += isArray ? 1 : 0;
        if (isArray && scanner.Peek() == ']')
        {
            scanner.At++;
            return scanner.AtEnd();
        }

        while (events.Count <= MappingLimits.Items)
        {
            scanner.Peek();
            var start = scanner.At;
            if (!scanner.TrySkip(isArray ? 1 : 0))
            {
                return false;
            }

            MapOne(body[start..scanner.At], start, events);
            if (isArray && scanner.Peek() == ',')
            {
                scanner.At++;
            }
            else if (isArray)
            {
                return scanner.TryTake((byte)']') && scanner.AtEnd();
            }
            else if (scanner.AtEnd())
            {
                return true;
            }
        }

        return true;
    }

    private void MapOne(ReadOnlySpan<byte> record, int at, MappedEvents events)
    {
        ref var item = ref events.Add();
        if (!_decoder.TryDecode(record, ref _event, out var error))
        {
            if (error.Reason == DecodeReason.MissingField && !IsMeantAsEvent(record))
            {
                MappedEvents.Refuse(ref item, events, new MappingError(MappingReason.NotOfThisSource, at, ""));
                return;
            }

            // What is missing is told where its item begins: the decoder tells it where the item ends, which is the next one's place.
            var offset = error.Reason == DecodeReason.MissingField ? at : at + error.Offset;
            MappedEvents.Refuse(ref item, events, new MappingError(ReasonOf(error.Reason), offset, error.FieldName));
            return;
        }

        // The writer has written the brace that begins an event, and writes the one that ends it.
        var inner = record.Trim(" \t\r\n"u8)[1..^1];
        events.Writer.Members(inner, TenantIn(record, inner), "");
        events.End(ref item);
    }

    /// <summary>What has neither name is no native event with a field left out, it is something else.</summary>
    private static bool IsMeantAsEvent(ReadOnlySpan<byte> record) =>
        record.IndexOf("\"event_id\""u8) >= 0 || record.IndexOf("\"tenant_id\""u8) >= 0;

    /// <summary>
    /// Where the tenant's text stands in the members, escapes and all; at a negative place for a tick, which may have none.
    /// </summary>
    private (int Start, int Length) TenantIn(ReadOnlySpan<byte> record, ReadOnlySpan<byte> inner)
    {
        if (_event.TenantId.IsEmpty)
        {
            return (-1, 0);
        }

        record.Overlaps(inner, out var begin);
        return _event.TenantId.Offset >= 0
            ? (_event.TenantId.Offset - begin, _event.TenantId.Length)
            : EscapedTenantIn(record, begin);
    }

    /// <summary>The same for a text with escapes, of which the decoder keeps what they stand for only.</summary>
    private static (int Start, int Length) EscapedTenantIn(ReadOnlySpan<byte> record, int begin)
    {
        var reader = new Utf8JsonReader(record);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1 && reader.ValueTextEquals("tenant_id"u8))
            {
                reader.Read();
                return ((int)reader.TokenStartIndex + 1 - begin, reader.ValueSpan.Length);
            }
        }

        throw new InvalidOperationException("A decoded event has its tenant.");
    }

    private static MappingReason ReasonOf(DecodeReason reason) => reason switch
    {
        DecodeReason.EmptyRecord => MappingReason.EmptyPayload,
        DecodeReason.RecordTooLarge => MappingReason.PayloadTooLarge,
        DecodeReason.InvalidJson => MappingReason.InvalidJson,
        DecodeReason.TooDeep => MappingReason.TooDeep,
        DecodeReason.DuplicateField => MappingReason.DuplicateField,
        DecodeReason.WrongType => MappingReason.WrongType,
        DecodeReason.NotAnInteger => MappingReason.NotAnInteger,
        DecodeReason.MissingField => MappingReason.MissingField,
        DecodeReason.TextTooLong or DecodeReason.InvalidUtf8 or DecodeReason.ControlCharacter => MappingReason.TextUnusable,
        DecodeReason.CountNegative or DecodeReason.CountOutOfRange => MappingReason.CountOutOfRange,
        DecodeReason.SubsetAboveTotal => MappingReason.ConventionContradicted,
        DecodeReason.TimeInvalid or DecodeReason.TimeUnusable => MappingReason.TimeUnusable,
        _ => MappingReason.NoNativeEvent,
    };
}
