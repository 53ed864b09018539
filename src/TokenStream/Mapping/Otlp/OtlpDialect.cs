namespace TokenStream.Mapping.Otlp;

/// <summary>
/// How one kind of instrumentation writes requests into spans. A dialect knows a span by several of its attributes together, or by its
/// scope and some; the first that knows it reads it.
/// </summary>
internal abstract class OtlpDialect
{
    /// <summary>Whether the span is written in this dialect, as a request or as context.</summary>
    public abstract bool Recognises(in OtlpSpanView span);

    /// <summary>Reads the span. <paramref name="request"/> is empty but for the span's number.</summary>
    public abstract void Read(in OtlpSpanView span, ref OtlpRequest request);

    /// <summary>
    /// Reads the first of some attributes that has a value as a count; what is none makes the request's error.
    /// </summary>
    protected static TokenCount Count(in OtlpSpanView span, int[] keys, ref OtlpRequest request, out int found)
    {
        var value = span.First(keys, out found);
        var reason = OtlpCounts.Read(in span, in value, out var count);
        if (reason != MappingReason.None && request.Error.Reason == MappingReason.None)
        {
            request.Error = new MappingError(reason, span.Span.Offset, span.Traces.Keys.Name(found));
        }

        return count;
    }

    /// <summary>The emitter of a span among some, by its scope; the last one is everybody else.</summary>
    protected static OtlpEmitter EmitterOf(in OtlpSpanView span, IReadOnlyList<OtlpEmitter> emitters, int[][]? markers = null)
    {
        var scope = span.ScopeName;
        for (var at = 0; at < emitters.Count - 1; at++)
        {
            if (emitters[at].IsScope(scope) && (markers is null || markers[at].Length == 0 || span.HasAny(markers[at])))
            {
                return emitters[at];
            }
        }

        return emitters[^1];
    }
}
