using System.Text;
using System.Text.Json.Nodes;
using TokenStream.Mapping;
using TokenStream.Mapping.LiteLlm;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>Payloads in LiteLLM's form, written here, and what they become.</summary>
internal static class LiteLlmPayloads
{
    /// <summary>A plain success of an Anthropic model, 1.25 s long: 100 fresh, 900 read, 200 + 50 written; 70 out.</summary>
    public static JsonObject Usual() => JsonNode.Parse("""
        {"id":"chatcmpl-1","litellm_call_id":"call-1","trace_id":"t","call_type":"acompletion","cache_hit":null,"stream":null,
         "status":"success",
         "status_fields":{"guardrail_status":"not_run"},"custom_llm_provider":"anthropic","startTime":1795213106.5,"endTime":1795213107.75,
         "completionStartTime":1795213107.0,"model":"anthropic/claude-sonnet-4-5","model_group":"sonnet","response_cost":1.5,
         "api_base":"https://api.anthropic.com","prompt_tokens":1250,"completion_tokens":70,"total_tokens":1320,
         "request_tags":["feature:search","env:staging"],"end_user":"customer",
         "metadata":{"user_api_key_team_id":"acme","user_api_key_user_id":"u-7","requester_metadata":{"session_id":"s-1"},
          "usage_object":{"prompt_tokens":1250,"completion_tokens":70,"total_tokens":1320,
           "prompt_tokens_details":{"cached_tokens":900,"cache_creation_tokens":250,
            "cache_creation_token_details":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":50}},
           "completion_tokens_details":{"reasoning_tokens":0},"cache_creation_input_tokens":250,"cache_read_input_tokens":900}},
         "response":{"model":"claude-sonnet-4-5"},"hidden_params":{"additional_headers":{"x-litellm-attempted-retries":0}},
         "error_information":{"error_code":"","error_class":""},"error_str":null}
        """)!.AsObject();

    /// <summary>The usual payload with members set, each by its path; null removes one.</summary>
    public static string With(params (string Path, string? Json)[] members)
    {
        var payload = Usual();
        foreach (var (path, json) in members)
        {
            var names = path.Split('/');
            var parent = names[..^1].Aggregate(payload, (node, name) => node[name]!.AsObject());
            parent.Remove(names[^1]);
            if (json is not null)
            {
                parent[names[^1]] = JsonNode.Parse(json);
            }
        }

        return payload.ToJsonString();
    }

    public static MappedEvent Accept(string payload, AttributionPaths? attribution = null)
    {
        var events = Map(payload, attribution);
        Assert.Equal(1, events.Count);
        Assert.True(events[0].IsEvent, events[0].Error.ToString());
        return new MappedEvent(events.Event(0), events[0]);
    }

    public static MappingError Refuse(string payload)
    {
        var events = Map(payload);
        Assert.Equal(1, events.Count);
        return events[0].Error;
    }

    public static MappedEvents Map(string payload, AttributionPaths? attribution = null)
    {
        var events = new MappedEvents();
        new LiteLlmMapper(attribution).Map(new Payload(Encoding.UTF8.GetBytes(payload), 0), events);
        return events;
    }
}
