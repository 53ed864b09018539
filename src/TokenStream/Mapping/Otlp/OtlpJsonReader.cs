using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using TokenStream.Events;

namespace TokenStream.Mapping.Otlp;

/// <summary>
/// Reads ExportTraceServiceRequest in JSON: one walk forward. OTLP writes names in camelCase, ids in hexadecimal and int64 as text;
/// exporters also write snake_case, base64 as protobuf's own JSON does, and numbers. All are taken.
/// </summary>
internal ref struct OtlpJsonReader
{
    private const int TraceIdBytes = 16;
    private const int LongestName = 64;

    private readonly OtlpTraces _traces;
    private readonly ReadOnlySpan<byte> _payload;
    private JsonScanner _scanner;
    private MappingError _error;
    private int _resource;
    private int _scope;
    private bool _hasTraces;
    private bool _hasOthers;

    public OtlpJsonReader(ReadOnlySpan<byte> payload, OtlpTraces traces)
    {
        _payload = payload;
        _traces = traces;
        _scanner = new JsonScanner(payload);
    }

    /// <summary>What an object of the payload is.</summary>
    private enum Level
    {
        Request,
        ResourceSpans,
        Resource,
        ScopeSpans,
        Scope,
        Span,
        Status,
        Event,
    }

    /// <summary>Fills the traces, or says why not.</summary>
    public MappingError Read()
    {
        _traces.Clear(isProtobuf: false);
        OtlpSpan none = default;
        _hasOthers = _scanner.Peek() != '{';
        if (TryObject(0, ref none, Level.Request) && !_scanner.AtEnd())
        {
            return new MappingError(MappingReason.InvalidJson, _scanner.At, "");
        }

        if (_error.Reason == MappingReason.None && _scanner.Failure != DecodeReason.None)
        {
            var reason = _scanner.Failure == DecodeReason.TooDeep ? MappingReason.TooDeep : MappingReason.InvalidJson;
            return new MappingError(reason, _scanner.At, "");
        }

        // An empty object is an empty request; one that holds something else only is somebody else's.
        return _error.Reason == MappingReason.None && _hasOthers && !_hasTraces
            ? new MappingError(MappingReason.NotOfThisSource, 0, "resourceSpans")
            : _error;
    }

    /// <summary>Reads the value of a member, or skips it.</summary>
    private bool TryMember(Level level, scoped ReadOnlySpan<byte> name, int depth, ref OtlpSpan span) => level switch
    {
        Level.Request => TryRequestMember(name, depth, ref span),
        Level.ResourceSpans when name.SequenceEqual("resource"u8) => TryObject(depth, ref span, Level.Resource),
        Level.ResourceSpans when Is(name, "scopeSpans"u8, "scope_spans"u8) => TryElements(depth, ref span, Level.ScopeSpans),
        Level.Resource when name.SequenceEqual("attributes"u8) => TryResource(depth),
        Level.ScopeSpans when name.SequenceEqual("scope"u8) => TryObject(depth, ref span, Level.Scope),
        Level.ScopeSpans when name.SequenceEqual("spans"u8) => TryElements(depth, ref span, Level.Span),
        Level.Scope when Is(name, "name"u8, "version"u8) && _scanner.Peek() == '"' => TryScopeMember(name),
        Level.Span => TrySpanMember(name, depth, ref span),
        Level.Status when name.SequenceEqual("code"u8) => TryStatus(depth, ref span),
        Level.Event => TryEventMember(name, depth, ref span),
        _ => _scanner.TrySkip(depth),
    };

    private bool TryRequestMember(scoped ReadOnlySpan<byte> name, int depth, ref OtlpSpan span)
    {
        if (Is(name, "resourceMetrics"u8, "resource_metrics"u8) || Is(name, "resourceLogs"u8, "resource_logs"u8))
        {
            return Fail(MappingReason.NotTraces, _scanner.At);
        }

        if (!Is(name, "resourceSpans"u8, "resource_spans"u8))
        {
            _hasOthers = true;
            return _scanner.TrySkip(depth);
        }

        _hasTraces = true;
        return TryElements(depth, ref span, Level.ResourceSpans);
    }

    private bool TryResource(int depth)
    {
        var run = _traces.AttributeCount;
        var isRead = TryAttributes(depth, run, isOfEvent: false, out _);
        _traces.SetResource(_resource, run);
        return isRead;
    }

    private bool TryScopeMember(scoped ReadOnlySpan<byte> name)
    {
        var isName = name.SequenceEqual("name"u8);
        if (!TryText(out var text))
        {
            return false;
        }

        var scope = _traces.Scope(_scope);
        _traces.SetScope(_scope, isName ? text : scope.Name, isName ? scope.Version : text);
        return true;
    }

    private bool TrySpanMember(scoped ReadOnlySpan<byte> name, int depth, ref OtlpSpan span)
    {
        if (Is(name, "traceId"u8, "trace_id"u8))
        {
            return TryId(TraceIdBytes, depth, out span.TraceId);
        }

        var isSpan = Is(name, "spanId"u8, "span_id"u8);
        if (isSpan || Is(name, "parentSpanId"u8, "parent_span_id"u8))
        {
            var isRead = TryId(sizeof(ulong), depth, out var id);
            (isSpan ? ref span.SpanId : ref span.ParentId) = (ulong)id;
            return isRead;
        }

        if (Is(name, "startTimeUnixNano"u8, "start_time_unix_nano"u8))
        {
            return TryTime(depth, out span.StartNs);
        }

        if (Is(name, "endTimeUnixNano"u8, "end_time_unix_nano"u8))
        {
            return TryTime(depth, out span.EndNs);
        }

        return name.SequenceEqual("name"u8) && _scanner.Peek() == '"' ? TryText(out span.Name)
            : name.SequenceEqual("status"u8) ? TryObject(depth, ref span, Level.Status)
            : name.SequenceEqual("events"u8) ? TryElements(depth, ref span, Level.Event)
            : name.SequenceEqual("attributes"u8) ? TryAttributes(depth, span.Attributes, isOfEvent: false, out span.Duplicate)
            : _scanner.TrySkip(depth);
    }

    private bool TryStatus(int depth, ref OtlpSpan span)
    {
        var start = _scanner.At;
        if (!_scanner.TrySkip(depth))
        {
            return false;
        }

        var code = _payload[start.._scanner.At];
        span.Status = code.SequenceEqual("2"u8) || code.SequenceEqual("\"STATUS_CODE_ERROR\""u8) ? 2
            : code.SequenceEqual("1"u8) || code.SequenceEqual("\"STATUS_CODE_OK\""u8) ? 1
            : 0;
        return true;
    }

    /// <summary>An event's own name and time are kept in a span of their own while it is read.</summary>
    private bool TryEventMember(scoped ReadOnlySpan<byte> name, int depth, ref OtlpSpan about) =>
        name.SequenceEqual("name"u8) && _scanner.Peek() == '"' ? TryText(out about.Name)
        : Is(name, "timeUnixNano"u8, "time_unix_nano"u8) ? TryTime(depth, out about.StartNs)
        : name.SequenceEqual("attributes"u8) ? TryAttributes(depth, about.Attributes, isOfEvent: true, out _)
        : _scanner.TrySkip(depth);

    private static bool Is(scoped ReadOnlySpan<byte> name, ReadOnlySpan<byte> one, ReadOnlySpan<byte> other) =>
        name.SequenceEqual(one) || name.SequenceEqual(other);

    private bool Fail(MappingReason reason, int offset)
    {
        _error = new MappingError(reason, offset, "");
        return false;
    }

    /// <summary>Reads an object member by member; what stands where an object should and is none is skipped.</summary>
    private bool TryObject(int depth, ref OtlpSpan span, Level level)
    {
        if (_scanner.Peek() != '{')
        {
            return _scanner.TrySkip(depth);
        }

        if (depth == EventLimits.Depth)
        {
            return Fail(MappingReason.TooDeep, _scanner.At);
        }

        _scanner.At++;
        if (_scanner.Peek() == '}')
        {
            _scanner.At++;
            return true;
        }

        Span<byte> undone = stackalloc byte[LongestName];
        while (true)
        {
            if (!_scanner.TryString(out var start, out var length, out var isPlain) || !_scanner.TryTake((byte)':'))
            {
                return false;
            }

            // A name with escapes that is too long, or no UTF-8, is none of ours.
            var undoneLength = 0;
            if (!isPlain && TextEscapes.Undo(_payload.Slice(start, length), undone, strict: false, out undoneLength) != DecodeReason.None)
            {
                undoneLength = 0;
            }

            _scanner.Peek();
            if (!TryMember(level, isPlain ? _payload.Slice(start, length) : undone[..undoneLength], depth + 1, ref span))
            {
                return false;
            }

            if (_scanner.Peek() != ',')
            {
                return _scanner.TryTake((byte)'}');
            }

            _scanner.At++;
            _scanner.Peek();
        }
    }

    private bool TryElements(int depth, ref OtlpSpan span, Level level)
    {
        if (_scanner.Peek() != '[')
        {
            return _scanner.TrySkip(depth);
        }

        _scanner.At++;
        if (_scanner.Peek() == ']')
        {
            _scanner.At++;
            return true;
        }

        while (true)
        {
            _scanner.Peek();
            if (!TryElement(depth + 1, ref span, level))
            {
                return false;
            }

            if (_scanner.Peek() != ',')
            {
                return _scanner.TryTake((byte)']');
            }

            _scanner.At++;
        }
    }

    private bool TryElement(int depth, ref OtlpSpan span, Level level)
    {
        switch (level)
        {
            case Level.Event:
                return TryEvent(depth, span.Attributes);
            case Level.Span:
                return TrySpan(depth);
            case Level.ResourceSpans:
                _resource = _traces.AddResource();
                break;
            case Level.ScopeSpans:
                _scope = _traces.AddScope();
                break;
        }

        return TryObject(depth, ref span, level);
    }

    private bool TrySpan(int depth)
    {
        if (_traces.Count == OtlpTraces.MostSpans)
        {
            return Fail(MappingReason.PayloadTooLarge, _scanner.At);
        }

        var span = new OtlpSpan { Offset = _scanner.At, Resource = _resource, Scope = _scope, Attributes = _traces.AttributeCount };
        if (!TryObject(depth, ref span, Level.Span))
        {
            return false;
        }

        span.AttributeCount = _traces.AttributeCount - span.Attributes;
        _traces.Add(in span);
        return true;
    }

    private bool TryEvent(int depth, int run)
    {
        var about = new OtlpSpan { Attributes = run };
        var start = _scanner.At;
        if (!TryObject(depth, ref about, Level.Event))
        {
            return false;
        }

        var key = about.Name.Kind == OtlpKind.Text ? _traces.Keys.FindEvent(_traces.Bytes(_payload, in about.Name)) : 0;
        if (key != 0 && about.StartNs <= long.MaxValue)
        {
            _traces.TryAddAttribute(run, key, new OtlpValue(OtlpKind.Integer, start, _scanner.At - start, (long)about.StartNs));
        }

        return true;
    }

    private bool TryText(out OtlpValue text)
    {
        text = default;
        if (!_scanner.TryString(out var start, out var length, out var isPlain))
        {
            return false;
        }

        text = _traces.Unescape(_payload.Slice(start, length), start, isPlain);
        return true;
    }

    /// <summary>An id in hexadecimal or, as protobuf's own JSON has it, in base64; one that is neither is none.</summary>
    private bool TryId(int bytes, int depth, out UInt128 id)
    {
        id = default;
        if (_scanner.Peek() != '"')
        {
            return _scanner.TrySkip(depth);
        }

        if (!_scanner.TryString(out var start, out var length, out _))
        {
            return false;
        }

        var text = _payload.Slice(start, length);
        Span<byte> read = stackalloc byte[TraceIdBytes + 2];
        read.Clear();
        var isHex = length == bytes * 2
            && Convert.FromHexString(text, read, out _, out var written) == System.Buffers.OperationStatus.Done && written == bytes;
        var isId = isHex || (length == (bytes + 2) / 3 * 4
            && Base64.DecodeFromUtf8(text, read, out _, out written) == System.Buffers.OperationStatus.Done && written == bytes);
        id = !isId ? default
            : bytes == TraceIdBytes ? BinaryPrimitives.ReadUInt128BigEndian(read)
            : BinaryPrimitives.ReadUInt64BigEndian(read);
        return true;
    }

    private bool TryTime(int depth, out ulong nanoseconds)
    {
        nanoseconds = 0;
        var start = _scanner.At;
        if (!_scanner.TrySkip(depth))
        {
            return false;
        }

        var text = _payload[start.._scanner.At].Trim((byte)'"');
        if (!ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out nanoseconds))
        {
            nanoseconds = 0;
        }

        return true;
    }

    private bool TryAttributes(int depth, int run, bool isOfEvent, out int duplicate)
    {
        duplicate = 0;
        if (_scanner.Peek() != '[')
        {
            return _scanner.TrySkip(depth);
        }

        _scanner.At++;
        if (_scanner.Peek() == ']')
        {
            _scanner.At++;
            return true;
        }

        while (true)
        {
            _scanner.Peek();
            var at = _scanner.At;
            if (!TryAttribute(depth + 1, run, isOfEvent, out var isNew))
            {
                return false;
            }

            duplicate = isNew || duplicate != 0 ? duplicate : at;
            if (_scanner.Peek() != ',')
            {
                return _scanner.TryTake((byte)']');
            }

            _scanner.At++;
        }
    }

    /// <summary>Reads a key and its value, in whichever order they come: the value is looked at once somebody wants the key.</summary>
    private bool TryAttribute(int depth, int run, bool isOfEvent, out bool isNew)
    {
        isNew = true;
        if (_scanner.Peek() != '{')
        {
            return _scanner.TrySkip(depth);
        }

        var (key, valueAt) = (0, -1);
        _scanner.At++;
        while (_scanner.Peek() != '}')
        {
            if (!_scanner.TryString(out var start, out var length, out _) || !_scanner.TryTake((byte)':'))
            {
                return false;
            }

            var name = _payload.Slice(start, length);
            _scanner.Peek();
            if (name.SequenceEqual("key"u8) && _scanner.Peek() == '"')
            {
                if (!TryText(out var text))
                {
                    return false;
                }

                var bytes = text.Kind == OtlpKind.Text ? _traces.Bytes(_payload, in text) : default;
                key = isOfEvent ? _traces.Keys.FindEventAttribute(bytes) : _traces.Keys.Find(bytes);
            }
            else
            {
                valueAt = name.SequenceEqual("value"u8) ? _scanner.At : valueAt;
                if (!_scanner.TrySkip(depth + 1))
                {
                    return false;
                }
            }

            if (_scanner.Peek() != ',')
            {
                break;
            }

            // Nothing but a name may follow a comma.
            _scanner.At++;
            if (_scanner.Peek() == '}')
            {
                return _scanner.TryTake((byte)'"');
            }
        }

        if (!_scanner.TryTake((byte)'}'))
        {
            return false;
        }

        if (key != 0 && valueAt >= 0)
        {
            var value = Value(valueAt);
            isNew = !value.IsThere || _traces.TryAddAttribute(run, key, in value);
        }

        return true;
    }

    /// <summary>The value of an AnyValue that was found to be JSON.</summary>
    private readonly OtlpValue Value(int at)
    {
        var scanner = new JsonScanner(_payload) { At = at };
        if (scanner.Peek() != '{')
        {
            return default;
        }

        scanner.At++;
        OtlpValue value = default;
        while (scanner.Peek() != '}')
        {
            if (!scanner.TryString(out var start, out var length, out _) || !scanner.TryTake((byte)':'))
            {
                return default;
            }

            scanner.Peek();
            var from = scanner.At;
            if (!scanner.TrySkip(1))
            {
                return default;
            }

            value = Value(_payload.Slice(start, length), from, scanner.At - from, value);
            scanner.At += scanner.Peek() == ',' ? 1 : 0;
        }

        return value;
    }

    private readonly OtlpValue Value(ReadOnlySpan<byte> name, int at, int length, OtlpValue other)
    {
        var json = _payload.Slice(at, length);
        var text = json.Length > 1 && json[0] == '"' ? json[1..^1] : json;
        if (Is(name, "stringValue"u8, "string_value"u8))
        {
            return json[0] == '"' ? _traces.Unescape(text, at + 1, isPlain: false) : new OtlpValue(OtlpKind.Unusable, at, length);
        }

        if (Is(name, "intValue"u8, "int_value"u8))
        {
            return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                ? new OtlpValue(OtlpKind.Integer, at, length, number)
                : new OtlpValue(OtlpKind.Unusable, at, length);
        }

        if (Is(name, "doubleValue"u8, "double_value"u8))
        {
            return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real)
                ? new OtlpValue(OtlpKind.Double, at, length, BitConverter.DoubleToInt64Bits(real))
                : new OtlpValue(OtlpKind.Unusable, at, length);
        }

        return Is(name, "boolValue"u8, "bool_value"u8) ? new OtlpValue(OtlpKind.Boolean, at, length, json.SequenceEqual("true"u8) ? 1 : 0)
            : Is(name, "arrayValue"u8, "array_value"u8) ? new OtlpValue(OtlpKind.Array, at, length)
            : Is(name, "kvlistValue"u8, "kvlist_value"u8) ? new OtlpValue(OtlpKind.Map, at, length)
            : Is(name, "bytesValue"u8, "bytes_value"u8) ? new OtlpValue(OtlpKind.Bytes, at, length)
            : other;
    }
}
