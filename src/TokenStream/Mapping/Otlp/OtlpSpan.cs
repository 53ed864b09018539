namespace TokenStream.Mapping.Otlp;

/// <summary>One span as it was sent. Its attributes are a run in the table of <see cref="OtlpTraces"/>.</summary>
internal struct OtlpSpan
{
    /// <summary>Where it begins in the payload.</summary>
    public int Offset;

    public int Resource;
    public int Scope;
    public int Attributes;
    public int AttributeCount;
    public UInt128 TraceId;
    public ulong SpanId;
    public ulong ParentId;
    public OtlpValue Name;
    public ulong StartNs;
    public ulong EndNs;

    /// <summary>0 unset, 1 ok, 2 error.</summary>
    public int Status;

    /// <summary>Where an attribute stands that came before; 0 where none comes twice.</summary>
    public int Duplicate;

    public readonly bool IsFailed => Status == 2;
}

/// <summary>An attribute that is looked for.</summary>
internal readonly record struct OtlpAttribute(int Key, OtlpValue Value);

/// <summary>A resource: who ran the program. Its attributes are a run in the table of <see cref="OtlpTraces"/>.</summary>
internal readonly record struct OtlpResource(int Attributes, int Count);

/// <summary>An instrumentation scope: who wrote the spans.</summary>
internal readonly record struct OtlpScope(OtlpValue Name, OtlpValue Version);
