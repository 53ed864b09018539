using TokenStream.Events;

namespace TokenStream.Mapping.Otlp;

/// <summary>
/// Turns OTLP traces, ExportTraceServiceRequest in protobuf or JSON, into native events, one a request to a provider, however many spans
/// tell of it. Depends on the payload alone, never throws, whatever the bytes, and allocates nothing once its tables have grown. One mapper
/// belongs to one thread.
/// </summary>
public sealed class OtlpMapper : IPayloadMapper
{
    private readonly OtlpDialect[] _dialects;
    private readonly OtlpAttribution _attribution;
    private readonly OtlpTraces _traces;
    private readonly OtlpRequests _requests = new();
    private readonly List<int> _speakers = [];

    /// <param name="attribution">Where to find who and what for; null for <see cref="DefaultAttribution"/>.</param>
    /// <exception cref="FormatException">A path is none.</exception>
    public OtlpMapper(AttributionPaths? attribution = null)
    {
        var keys = new OtlpKeys();

        // The first dialect that knows a span reads it: those of one tool before those of everybody.
        _dialects =
        [
            new LiteLlmDialect(keys), new LiteLlmRawDialect(keys), new VercelDialect(keys), new LangfuseDialect(keys),
            new OpenInferenceDialect(keys), new OtlpConventionsDialect(keys),
        ];
        _attribution = new OtlpAttribution(keys, attribution ?? DefaultAttribution);
        _traces = new OtlpTraces(keys);
    }

    /// <summary>Where those who instrument put who and what for.</summary>
    public static AttributionPaths DefaultAttribution => OtlpPlaces.Default;

    public void Map(in Payload payload, MappedEvents events)
    {
        events.Clear();
        var body = payload.Body;
        var isProtobuf = IsProtobuf(in payload);
        var isTooLarge = body.Length > MappingLimits.PayloadBytes;
        if (isTooLarge || (!isProtobuf && body.Trim(" \t\r\n"u8).IsEmpty))
        {
            events.SetEmitter("otlp"u8);
            events.RefuseAll(new MappingError(isTooLarge ? MappingReason.PayloadTooLarge : MappingReason.EmptyPayload, 0, ""));
            return;
        }

        var error = isProtobuf || body[0] == '\n' ? new OtlpProtobufReader(body, _traces).Read() : default;
        if (!isProtobuf && (body[0] != '\n' || error.Reason != MappingReason.None))
        {
            // Protobuf begins with what is a line's end to JSON, and the length after it may look like a brace.
            error = new OtlpJsonReader(body, _traces).Read();
        }

        if (error.Reason == MappingReason.None)
        {
            Read(body);
            error = _requests.Count > MappingLimits.Items ? new MappingError(MappingReason.PayloadTooLarge, 0, "") : default;
        }

        if (error.Reason != MappingReason.None)
        {
            events.SetEmitter("otlp"u8);
            events.RefuseAll(error);
            return;
        }

        _requests.Group(_traces, body);
        Write(in payload, events);
    }

    /// <summary>
    /// The id of the span that an item of the payload mapped last was read from: how tests find what the span's request was told to be.
    /// </summary>
    internal ulong SpanOf(int item) => _traces[_speakers[item]].SpanId;

    /// <summary>What the header says, else what the first byte that is no blank looks like.</summary>
    private static bool IsProtobuf(in Payload payload)
    {
        var type = payload.Header("content-type"u8);
        if (OtlpResults.Contains(type, "protobuf"u8) || OtlpResults.Contains(type, "json"u8))
        {
            return OtlpResults.Contains(type, "protobuf"u8);
        }

        var trimmed = payload.Body.TrimStart(" \t\r\n"u8);
        return !trimmed.IsEmpty && trimmed[0] != '{';
    }

    private void Read(ReadOnlySpan<byte> payload)
    {
        _requests.Clear();
        for (var index = 0; index < _traces.Count; index++)
        {
            var span = new OtlpSpanView(_traces, payload, index);
            foreach (var dialect in _dialects)
            {
                if (dialect.Recognises(in span))
                {
                    ref var request = ref _requests.Add(index);
                    dialect.Read(in span, ref request);
                    if (request.Role == OtlpRole.Context)
                    {
                        _requests.RemoveLast();
                    }
                    else
                    {
                        Apply(in span, ref request);
                    }

                    break;
                }
            }
        }
    }

    /// <summary>Takes the counts as the emitter means them.</summary>
    private static void Apply(in OtlpSpanView span, ref OtlpRequest request)
    {
        var named = span.Text(in request.Provider);
        var isNamed = OtlpProviders.IsProvider(named);
        var provider = OtlpProviders.Canonical(
            isNamed
                ? named
                : ModelMakers.Of(span.Text(request.Model.IsText ? request.Model : request.ModelRequested)));
        var convention = request.Convention ?? request.Emitter.Conventions.Of(provider);
        convention = request.Convention is null && !convention.IsProven && provider.SequenceEqual("gemini"u8)
            ? request.Emitter.OfGemini
            : convention;
        var isApplied = convention.TryApply(in request.Usage, out request.Mapped)
            || (!(convention.IsProven && request.Emitter.IsShown(span.ScopeVersion)) && TryApart(ref request, ref convention));
        request.Convention = convention;
        var isTooMuch = request.Mapped.TokensIn.OrZero > EventLimits.Count || request.Mapped.TokensOut.OrZero > EventLimits.Count;
        if ((!isApplied || isTooMuch) && request.Error.Reason == MappingReason.None)
        {
            request.Error = new MappingError(
                isTooMuch ? MappingReason.CountOutOfRange : MappingReason.ConventionContradicted, span.Span.Offset,
                span.Traces.Keys.Name(request.From.Input));
        }

        ref var standing = ref request.Mapped.Standing;
        if (request.IsFailed && !request.HasUsage)
        {
            standing = Standing.Unknown;
        }
        else if (request.HasUsage)
        {
            // Behind a gateway or framework that is named instead of a provider, who counted is a guess.
            var isGuessed = !isNamed && !named.IsEmpty;
            standing = Convention.Later(standing, isGuessed ? Convention.Later(request.AtBest, Standing.Assumed) : request.AtBest);
            standing = request.Emitter.IsShown(span.ScopeVersion) ? standing : Convention.Later(standing, Standing.Assumed);
        }
    }

    /// <summary>Nobody knows this emitter, or this version of it, and its parts exceed its totals: they are not within them.</summary>
    private static bool TryApart(ref OtlpRequest request, ref Convention convention)
    {
        ReadOnlySpan<Convention> others = [request.Emitter.Exclusive, request.Emitter.WithoutReasoning, request.Emitter.WithoutBoth];
        foreach (var other in others)
        {
            if (other.TryApply(in request.Usage, out request.Mapped))
            {
                convention = other;
                return true;
            }
        }

        return false;
    }

    private void Write(in Payload payload, MappedEvents events)
    {
        _speakers.Clear();
        var writing = new OtlpWriting(payload.Body, _traces, _attribution, events.Writer, payload.ReceivedMs);
        for (var at = 0; at < _requests.Count; at++)
        {
            if (_requests[at].Group != at || _requests[at].IsDropped)
            {
                continue;
            }

            var speaker = _requests.Speaker(at);
            _speakers.Add(_requests[speaker].Span);
            var span = new OtlpSpanView(_traces, payload.Body, _requests[speaker].Span);
            if (_requests[speaker].Emitter.Has(OtlpHabits.UsesSpansOfOthers))
            {
                events.SetEmitter(_requests[speaker].Emitter.NameBytes);
            }
            else
            {
                events.SetEmitter(span.ScopeName.IsEmpty ? "otlp"u8 : span.ScopeName, span.ScopeVersion);
            }

            ref var item = ref events.Add();
            var error = writing.Write(_requests, speaker, ref item);
            events.End(ref item, error);
        }

        events.DuplicateItems = _requests.Count - events.Count;
        events.ContextItems = _traces.Count - _requests.Count;
    }
}
