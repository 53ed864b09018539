namespace TokenStream.Mapping.Otlp;

/// <summary>One span with the payload it stands in: what a dialect looks at.</summary>
internal readonly ref struct OtlpSpanView(OtlpTraces traces, ReadOnlySpan<byte> payload, int index)
{
    private const int MostAncestors = 64;

    private readonly ReadOnlySpan<byte> _payload = payload;

    public int Index => index;

    public OtlpTraces Traces => traces;

    public ReadOnlySpan<byte> Payload => _payload;

    public ref readonly OtlpSpan Span => ref traces[index];

    public ReadOnlySpan<byte> Name => Text(Span.Name);

    public ReadOnlySpan<byte> ScopeName => Text(traces.Scope(Span.Scope).Name);

    public ReadOnlySpan<byte> ScopeVersion => Text(traces.Scope(Span.Scope).Version);

    /// <summary>An attribute of the span.</summary>
    public OtlpValue this[int key] => traces.Find(index, key);

    public OtlpValue OfResource(int key) => traces.FindInResource(index, key);

    public bool Has(int key) => traces.Find(index, key).IsThere;

    /// <summary>The first of some attributes that has a value: a text that is not empty, or a number.</summary>
    public OtlpValue First(int[] keys, out int found)
    {
        foreach (var key in keys)
        {
            var value = traces.Find(index, key);
            if (value.IsThere && !(value.Kind == OtlpKind.Text && value.Length == 0))
            {
                found = key;
                return value;
            }
        }

        found = 0;
        return default;
    }

    public OtlpValue First(int[] keys) => First(keys, out _);

    public bool HasAny(int[] keys) => First(keys, out _).IsThere;

    /// <summary>The bytes of a text; empty for anything else.</summary>
    public ReadOnlySpan<byte> Text(scoped in OtlpValue value) => value.Kind == OtlpKind.Text ? traces.Bytes(_payload, in value) : default;

    public bool Is(int key, ReadOnlySpan<byte> text) => this[key] is { Kind: OtlpKind.Text } value && Text(in value).SequenceEqual(text);

    /// <summary>
    /// The attribute of the span or, where it has none, of the nearest span around it in the same payload: children that do not carry who
    /// asked inherit it.
    /// </summary>
    public OtlpValue Inherited(int key)
    {
        if (!traces.Has(key))
        {
            return default;
        }

        var span = index;
        for (var step = 0; span >= 0 && step < MostAncestors; step++)
        {
            var value = traces.Find(span, key);
            if (value.HasText || value.Kind == OtlpKind.Array)
            {
                return value;
            }

            span = traces.Parent(span);
        }

        return default;
    }
}
