namespace TokenStream.Mapping.Otlp;

/// <summary>
/// Reads ExportTraceServiceRequest in protobuf: one walk forward that copies nothing. Fields that nobody needs are skipped, ones with a
/// number of ours and another wire type make the payload none of traces.
/// </summary>
internal ref struct OtlpProtobufReader(ReadOnlySpan<byte> payload, OtlpTraces traces)
{
    private const int TraceIdBytes = 16;
    private const int SpanIdBytes = 8;

    private readonly ReadOnlySpan<byte> _payload = payload;
    private MappingError _error;
    private int _resource;
    private int _scope;

    /// <summary>Fills the traces, or says why not.</summary>
    public MappingError Read()
    {
        traces.Clear(isProtobuf: true);
        var hasTraces = _payload.IsEmpty;
        var fields = new ProtobufScanner(_payload, 0, _payload.Length);
        while (fields.TryField(out var field, out var type))
        {
            if (field == 1 && type == WireType.Bytes)
            {
                if (!fields.TryBytes(out var start, out var length))
                {
                    break;
                }

                hasTraces = true;
                if (!TryResourceSpans(start, start + length))
                {
                    return _error;
                }
            }
            else if (!fields.TrySkip(type))
            {
                break;
            }
        }

        return fields.HasFailed ? new MappingError(MappingReason.InvalidProtobuf, Math.Min(fields.At, _payload.Length), "")
            : hasTraces ? default
            : new MappingError(MappingReason.NotOfThisSource, 0, "resource_spans");
    }

    private bool TryResourceSpans(int start, int end)
    {
        _resource = traces.AddResource();
        var fields = new ProtobufScanner(_payload, start, end);
        while (fields.TryBytesField(out var field, out var at, out var length))
        {
            if (!(field switch { 1 => TryResource(at, at + length), 2 => TryScopeSpans(at, at + length), _ => true }))
            {
                return false;
            }
        }

        return End(in fields);
    }

    private bool TryResource(int start, int end)
    {
        var run = traces.AttributeCount;
        var fields = new ProtobufScanner(_payload, start, end);
        while (fields.TryField(out var field, out var type))
        {
            if (field == 1 && type == WireType.Bytes)
            {
                if (!fields.TryBytes(out var at, out var length))
                {
                    break;
                }

                if (!TryAttribute(at, at + length, run, traces.Keys, isOfEvent: false, out _))
                {
                    return false;
                }
            }
            else if (!fields.TrySkip(type))
            {
                break;
            }
        }

        traces.SetResource(_resource, run);
        return End(in fields);
    }

    private bool TryScopeSpans(int start, int end)
    {
        _scope = traces.AddScope();
        var fields = new ProtobufScanner(_payload, start, end);
        while (fields.TryBytesField(out var field, out var at, out var length))
        {
            if (!(field switch { 1 => TryScope(at, at + length), 2 => TrySpan(at, at + length), _ => true }))
            {
                return false;
            }
        }

        return End(in fields);
    }

    private bool TryScope(int start, int end)
    {
        OtlpValue name = default, version = default;
        var fields = new ProtobufScanner(_payload, start, end);
        while (fields.TryBytesField(out var field, out var at, out var length))
        {
            name = field == 1 ? new OtlpValue(OtlpKind.Text, at, length) : name;
            version = field == 2 ? new OtlpValue(OtlpKind.Text, at, length) : version;
        }

        traces.SetScope(_scope, name, version);
        return End(in fields);
    }

    private bool TrySpan(int start, int end)
    {
        if (traces.Count == OtlpTraces.MostSpans)
        {
            return Fail(MappingReason.PayloadTooLarge, start);
        }

        var span = new OtlpSpan { Offset = start, Resource = _resource, Scope = _scope, Attributes = traces.AttributeCount };
        var fields = new ProtobufScanner(_payload, start, end);
        while (fields.TryField(out var field, out var type))
        {
            if (!TrySpanField(ref fields, field, type, ref span))
            {
                // What has no id before it goes wrong was none: a log record has the id of its trace where a span has attributes.
                return span.TraceId == 0 && span.SpanId == 0 ? Fail(MappingReason.NotTraces, start)
                    : _error.Reason == MappingReason.None && End(in fields);
            }
        }

        if (!End(in fields))
        {
            return false;
        }

        // A metric has a name where a span has its id, and no times of its own.
        if (span.StartNs == 0 && span.EndNs == 0 && span.TraceId == 0 && span.SpanId == 0)
        {
            return Fail(MappingReason.NotTraces, start);
        }

        span.AttributeCount = traces.AttributeCount - span.Attributes;
        traces.Add(in span);
        return true;
    }

    private bool TrySpanField(ref ProtobufScanner fields, int field, WireType type, ref OtlpSpan span)
    {
        switch (field, type)
        {
            case (7, WireType.Fixed64):
                return fields.TryFixed64(out span.StartNs);
            case (8, WireType.Fixed64):
                return fields.TryFixed64(out span.EndNs);
            case (1 or 11, WireType.Fixed64) or (7, WireType.Bytes):
                // A log record has times of its own; what is a span's start is the sum of a metric.
                return Fail(MappingReason.NotTraces, span.Offset);
            case (1 or 2 or 4 or 5 or 9 or 11 or 15, WireType.Bytes):
                return fields.TryBytes(out var start, out var length) && TrySpanPart(field, start, length, ref span);
            default:
                return fields.TrySkip(type);
        }
    }

    private bool TrySpanPart(int field, int start, int length, ref OtlpSpan span)
    {
        var bytes = _payload.Slice(start, length);
        switch (field)
        {
            case 1:
                span.TraceId = length == TraceIdBytes ? System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes) : default;
                return true;
            case 2:
                span.SpanId = length == SpanIdBytes ? System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes) : default;
                return true;
            case 4:
                span.ParentId = length == SpanIdBytes ? System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes) : default;
                return true;
            case 5:
                span.Name = new OtlpValue(OtlpKind.Text, start, length);
                return true;
            case 9:
                var isRead = TryAttribute(start, start + length, span.Attributes, traces.Keys, isOfEvent: false, out var isNew);
                span.Duplicate = isNew || span.Duplicate != 0 ? span.Duplicate : start;
                return isRead;
            case 11:
                return TryEvent(start, start + length, span.Attributes);
            default:
                return TryStatus(start, start + length, ref span);
        }
    }

    private bool TryStatus(int start, int end, ref OtlpSpan span)
    {
        var fields = new ProtobufScanner(_payload, start, end);
        while (fields.TryField(out var field, out var type))
        {
            if (field == 3 && type == WireType.Varint)
            {
                if (!fields.TryVarint(out var code))
                {
                    break;
                }

                span.Status = (int)Math.Min(code, int.MaxValue);
            }
            else if (!fields.TrySkip(type))
            {
                break;
            }
        }

        return End(in fields);
    }

    private bool TryEvent(int start, int end, int run)
    {
        var (key, time) = (0, 0UL);
        var fields = new ProtobufScanner(_payload, start, end);
        while (fields.TryField(out var field, out var type))
        {
            if (field == 1 && type == WireType.Fixed64)
            {
                fields.TryFixed64(out time);
                continue;
            }

            if (type != WireType.Bytes)
            {
                fields.TrySkip(type);
                continue;
            }

            if (!fields.TryBytes(out var at, out var length))
            {
                break;
            }

            key = field == 2 ? traces.Keys.FindEvent(_payload.Slice(at, length)) : key;
            if (field == 3 && !TryAttribute(at, at + length, run, traces.Keys, isOfEvent: true, out _))
            {
                return false;
            }
        }

        if (key != 0 && time <= long.MaxValue)
        {
            traces.TryAddAttribute(run, key, new OtlpValue(OtlpKind.Integer, start, end - start, (long)time));
        }

        return End(in fields);
    }

    private bool TryAttribute(int start, int end, int run, OtlpKeys keys, bool isOfEvent, out bool isNew)
    {
        isNew = true;
        var (key, valueStart, valueLength) = (0, 0, 0);
        var fields = new ProtobufScanner(_payload, start, end);
        while (fields.TryField(out var field, out var type))
        {
            if (type != WireType.Bytes)
            {
                fields.TrySkip(type);
                continue;
            }

            if (!fields.TryBytes(out var at, out var length))
            {
                break;
            }

            if (field == 1)
            {
                var name = _payload.Slice(at, length);
                key = isOfEvent ? keys.FindEventAttribute(name) : keys.Find(name);
            }
            else if (field == 2)
            {
                (valueStart, valueLength) = (at, length);
            }
        }

        if (!End(in fields) || key == 0)
        {
            return _error.Reason == MappingReason.None;
        }

        if (!TryValue(valueStart, valueStart + valueLength, out var value))
        {
            return false;
        }

        isNew = !value.IsThere || traces.TryAddAttribute(run, key, in value);
        return true;
    }

    /// <summary>Of several values of one AnyValue the last counts, as protobuf has it.</summary>
    private bool TryValue(int start, int end, out OtlpValue value)
    {
        value = default;
        var fields = new ProtobufScanner(_payload, start, end);
        while (fields.TryField(out var field, out var type))
        {
            switch (field, type)
            {
                case (2 or 3, WireType.Varint):
                    fields.TryVarint(out var number);
                    var kind = field == 2 ? OtlpKind.Boolean : OtlpKind.Integer;
                    value = new OtlpValue(kind, start, end - start, unchecked((long)number));
                    break;
                case (4, WireType.Fixed64):
                    fields.TryFixed64(out var bits);
                    value = new OtlpValue(OtlpKind.Double, start, end - start, unchecked((long)bits));
                    break;
                case (1 or 5 or 6 or 7, WireType.Bytes):
                    fields.TryBytes(out var at, out var length);
                    value = new OtlpValue(
                        field switch { 1 => OtlpKind.Text, 5 => OtlpKind.Array, 6 => OtlpKind.Map, _ => OtlpKind.Bytes }, at, length);
                    break;
                default:
                    fields.TrySkip(type);
                    break;
            }

            if (fields.HasFailed)
            {
                break;
            }
        }

        return End(in fields);
    }

    private bool End(in ProtobufScanner fields) =>
        !fields.HasFailed || Fail(MappingReason.InvalidProtobuf, Math.Min(fields.At, _payload.Length));

    private bool Fail(MappingReason reason, int offset)
    {
        _error = new MappingError(reason, offset, "");
        return false;
    }
}
