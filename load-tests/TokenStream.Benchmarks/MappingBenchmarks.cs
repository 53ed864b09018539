using System.Text;
using BenchmarkDotNet.Attributes;
using TokenStream.Mapping;

namespace TokenStream.Benchmarks;

/// <summary>Mapping a payload of LiteLLM, 12 KB as the tool writes them; the baseline counts the same bytes' quotes.</summary>
[MemoryDiagnoser]
public class MappingBenchmarks
{
    private const int PriceNames = 200;

    /// <summary>The time of events whose source tells none.</summary>
    private const long ReceivedMs = 1_795_211_372_000;

    private readonly IPayloadMapper _mapper;
    private readonly MappedEvents _events = new();

    public MappingBenchmarks()
        : this(PayloadSources.LiteLlm)
    {
    }

    internal MappingBenchmarks(PayloadSource source) => _mapper = source.Create(source.DefaultAttribution);

    /// <summary>What is mapped, a payload of our own writing unless told otherwise.</summary>
    public byte[] Payload { get; set; } = Sample();

    [Benchmark(Baseline = true)]
    public int CountQuotes() => Payload.AsSpan().Count((byte)'"');

    [Benchmark]
    public int Map()
    {
        _mapper.Map(new Payload(Payload, ReceivedMs), _events);
        return _events[0].IsEvent ? _events.Count : throw new InvalidOperationException("The sample was refused.");
    }

    /// <summary>A success with all that LiteLLM sends along: prompt, answer, headers, and its price map's entry, most of it null.</summary>
    private static byte[] Sample()
    {
        var names = Enumerable.Range(0, PriceNames).Select(number => $"\"cache_read_input_token_cost_above_{number}k\": null");
        var prices = string.Join(", ", names);
        return Encoding.UTF8.GetBytes($$$$"""
            {"id": "chatcmpl-1", "litellm_call_id": "105b229e-67aa-4471-a7ce-6f58ddc4f567", "trace_id": "311ae926",
             "call_type": "acompletion",
             "cache_hit": null, "stream": null, "status": "success",
             "status_fields": {"llm_api_status": "success", "guardrail_status": "not_run"},
             "custom_llm_provider": "openai", "saved_cache_cost": 0.0, "startTime": 1795213106.537946, "endTime": 1795213106.580066,
             "completionStartTime": 1795213106.580066, "response_time": 0.04211997985839844, "model": "gpt-4.1",
             "metadata": {"user_api_key_hash": "hash", "user_api_key_team_id": "acme", "user_api_key_user_id": "user-103",
              "spend_logs_metadata": {"feature": "ticket-summary", "cost_centre": "cc-7"},
              "requester_metadata": {"session_id": "sess-103", "environment": "prod"},
              "usage_object": {"completion_tokens": 402, "prompt_tokens": 14336, "total_tokens": 14738,
               "completion_tokens_details": {"accepted_prediction_tokens": 0, "audio_tokens": 0, "reasoning_tokens": 0},
               "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 12288}}},
             "response_cost": 0.013456, "total_tokens": 14738, "prompt_tokens": 14336, "completion_tokens": 402,
             "request_tags": ["feature:ticket-summary", "env:prod"], "end_user": "customer", "api_base": "http://127.0.0.1:8133/v1",
             "messages": [{"role": "user", "content": "{{{{new string('p', 500)}}}}"}],
             "response": {"id": "chatcmpl-1", "model": "gpt-4.1-2025-04-14",
              "choices": [{"index": 0, "message": {"content": "{{{{new string('a', 500)}}}}"} }],
              "service_tier": "default"},
             "hidden_params": {"additional_headers": {"llm_provider-server": "x", "x-litellm-attempted-retries": 0}},
             "model_map_information": {"model_map_key": "gpt-4.1", "model_map_value": {{{{{prices}}}}}},
             "error_str": null, "error_information": {"error_code": "", "error_class": "", "traceback": ""}}
            """);
    }
}
