namespace TokenStream.Mapping.Otlp;

/// <summary>
/// The span that LiteLLM's <c>otel</c> callback writes of the provider's own answer, <c>raw_gen_ai_request</c>: each of its members is an
/// attribute <c>llm.PROVIDER.member</c>, where the provider is often <c>None</c>. Mostly it lies within the request's own span, and is all
/// that there is of it where LiteLLM had no span to write that on.
/// </summary>
internal sealed class LiteLlmRawDialect : OtlpDialect
{
    private const string Any = "llm.";

    private readonly OtlpResults _results;
    private readonly int[] _usage;
    private readonly int[] _model;
    private readonly int[] _id;
    private readonly int[] _tier;

    public LiteLlmRawDialect(OtlpKeys keys)
    {
        _results = new OtlpResults(keys);
        _usage = [keys.AddPattern(Any, ".usage"), keys.AddPattern(Any, ".usageMetadata")];
        _model = [keys.AddPattern(Any, ".model"), keys.AddPattern(Any, ".modelVersion")];
        _id = [keys.AddPattern(Any, ".id"), keys.AddPattern(Any, ".responseId")];
        _tier = [keys.AddPattern(Any, ".service_tier")];
    }

    public override bool Recognises(in OtlpSpanView span) =>
        span.Name.SequenceEqual("raw_gen_ai_request"u8) && (span.ScopeName.StartsWith("litellm"u8) || span.HasAny(_usage));

    public override void Read(in OtlpSpanView span, ref OtlpRequest request)
    {
        (request.Role, request.Emitter, request.MayLackModel) = (OtlpRole.Request, OtlpEmitters.LiteLlmRaw, true);
        (request.Model, request.ResponseId, request.Tier) = (span.First(_model), span.First(_id), span.First(_tier));
        _results.Read(in span, ref request);
        var text = span.First(_usage, out request.From.Input);
        var told = OtlpUsageMaps.Read(in span, in text, span.Traces.Keys.Name(request.From.Input), ref request);
        request.Maker = ModelMakers.Of(span.Text(in request.Model), told.Names);

        // Embeddings have neither a place for output nor any.
        request.HasNoOutput = told.Names == UsageNames.OpenAiChat && span.Text(in request.Model).IndexOf("embedding"u8) >= 0;
        request.Convention = Conventions.OfLiteLlmAnswers.Of(in told, request.Maker, request.HasNoOutput, out request.AtBest);
        request.Usage = UsageMapConventions.Reported(in told, request.HasNoOutput);
        request.Searches = told.Searches;
    }
}
