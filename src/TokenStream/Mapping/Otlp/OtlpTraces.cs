using TokenStream.Events;

namespace TokenStream.Mapping.Otlp;

/// <summary>
/// What one payload of traces holds, whatever form it came in: spans with the attributes that are looked for. Filled by a reader, again and
/// again; its memory is kept. Bounded: a span keeps each attribute once, and there are at most <see cref="MostSpans"/> spans.
/// </summary>
internal sealed class OtlpTraces(OtlpKeys keys)
{
    /// <summary>Most spans of a payload, context included; exporters send 512 at once, collectors some thousands.</summary>
    public const int MostSpans = 65_536;

    private readonly Dictionary<(int Offset, bool IsCopy), OtlpValue> _literals = [];
    private readonly bool[] _seen = new bool[keys.Count];
    private readonly Dictionary<(UInt128 Trace, ulong Span), int> _byId = [];
    private OtlpSpan[] _spans = new OtlpSpan[64];
    private OtlpAttribute[] _attributes = new OtlpAttribute[1024];
    private OtlpResource[] _resources = new OtlpResource[4];
    private OtlpScope[] _scopes = new OtlpScope[4];
    private byte[] _copies = new byte[4096];
    private int _attributeCount;
    private int _resourceCount;
    private int _scopeCount;
    private int _copied;

    public OtlpKeys Keys => keys;

    /// <summary>Whether arrays and maps are written as protobuf, else as JSON.</summary>
    public bool IsProtobuf { get; private set; }

    public int Count { get; private set; }

    public ref OtlpSpan this[int span] => ref _spans[span];

    /// <summary>Where the next attribute goes.</summary>
    public int AttributeCount => _attributeCount;

    public void Clear(bool isProtobuf)
    {
        IsProtobuf = isProtobuf;
        (Count, _attributeCount, _resourceCount, _scopeCount, _copied) = (0, 0, 0, 0, 0);
        Array.Clear(_seen);
        _byId.Clear();
        _literals.Clear();
    }

    public int AddResource() => Append(ref _resources, ref _resourceCount, default);

    public void SetResource(int resource, int attributes) =>
        _resources[resource] = new OtlpResource(attributes, _attributeCount - attributes);

    public int AddScope() => Append(ref _scopes, ref _scopeCount, default);

    public void SetScope(int scope, OtlpValue name, OtlpValue version) => _scopes[scope] = new OtlpScope(name, version);

    public ref readonly OtlpScope Scope(int scope) => ref _scopes[scope];

    /// <summary>Adds a span, and knows it by its id from here on; the first of two with one id is the parent of their children.</summary>
    public void Add(in OtlpSpan span)
    {
        var index = Count;
        var count = Count;
        Append(ref _spans, ref count, in span);
        Count = count;
        if (span.SpanId != 0)
        {
            _byId.TryAdd((span.TraceId, span.SpanId), index);
        }
    }

    /// <summary>The span that a span lies in, where it is in the same payload; -1 where not.</summary>
    public int Parent(int span)
    {
        ref readonly var child = ref _spans[span];
        return child.ParentId != 0 && _byId.TryGetValue((child.TraceId, child.ParentId), out var parent) && parent != span ? parent : -1;
    }

    /// <summary>Keeps an attribute of the run that begins at <paramref name="run"/>; false where it has one of this key.</summary>
    public bool TryAddAttribute(int run, int key, in OtlpValue value)
    {
        for (var at = run; at < _attributeCount; at++)
        {
            if (_attributes[at].Key == key)
            {
                return false;
            }
        }

        _seen[key] = true;
        Append(ref _attributes, ref _attributeCount, new OtlpAttribute(key, value));
        return true;
    }

    /// <summary>Whether anything in this payload has an attribute: what nobody has needs no search.</summary>
    public bool Has(int key) => _seen[key];

    public OtlpValue Find(int span, int key) => _seen[key] ? Find(_spans[span].Attributes, _spans[span].AttributeCount, key) : default;

    public OtlpValue FindInResource(int span, int key)
    {
        var resource = _resources[_spans[span].Resource];
        return _seen[key] ? Find(resource.Attributes, resource.Count, key) : default;
    }

    /// <summary>The bytes of a value.</summary>
    public ReadOnlySpan<byte> Bytes(ReadOnlySpan<byte> payload, scoped in OtlpValue value) =>
        (value.IsCopy ? _copies.AsSpan() : payload).Slice(value.Offset, value.Length);

    /// <summary>A text that stands in JSON, between its quotes, as a text without escapes: a copy only where it has some.</summary>
    public OtlpValue Unescape(ReadOnlySpan<byte> json, int offset, bool isPlain, bool isCopy = false)
    {
        if (isPlain || !json.Contains((byte)'\\'))
        {
            return new OtlpValue(OtlpKind.Text, offset, json.Length, isCopy: isCopy);
        }

        // Escapes are never shorter than what they stand for.
        if (_copied + json.Length > _copies.Length)
        {
            Array.Resize(ref _copies, Math.Max(_copies.Length * 2, _copied + json.Length));
        }

        var start = _copied;
        if (TextEscapes.Undo(json, _copies.AsSpan(start, json.Length), strict: false, out var length) != DecodeReason.None)
        {
            return new OtlpValue(OtlpKind.Unusable, offset, 0, isCopy: isCopy);
        }

        _copied += length;
        return new OtlpValue(OtlpKind.Text, start, length, isCopy: true);
    }

    /// <summary>
    /// The JSON of a text that is a Python literal, as some instrumentations write dicts; absent where it is none. Each text is
    /// translated once, however often it is asked for.
    /// </summary>
    public OtlpValue Literal(ReadOnlySpan<byte> payload, scoped in OtlpValue text)
    {
        if (_literals.TryGetValue((text.Offset, text.IsCopy), out var known))
        {
            return known;
        }

        var most = text.Length * PythonLiteral.MostGrowth;
        if (_copied + most > _copies.Length)
        {
            Array.Resize(ref _copies, Math.Max(_copies.Length * 2, _copied + most));
        }

        var (start, json) = (_copied, default(OtlpValue));
        if (PythonLiteral.TryToJson(Bytes(payload, in text), _copies.AsSpan(start, most), out var length))
        {
            _copied += length;
            json = new OtlpValue(OtlpKind.Text, start, length, isCopy: true);
        }

        _literals.Add((text.Offset, text.IsCopy), json);
        return json;
    }

    private OtlpValue Find(int run, int count, int key)
    {
        foreach (ref readonly var attribute in _attributes.AsSpan(run, count))
        {
            if (attribute.Key == key)
            {
                return attribute.Value;
            }
        }

        return default;
    }

    private static int Append<T>(ref T[] items, ref int count, in T item)
    {
        if (count == items.Length)
        {
            Array.Resize(ref items, count * 2);
        }

        items[count] = item;
        return count++;
    }
}
