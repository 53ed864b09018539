using TokenStream.Mapping;
using TokenStream.Service.Commands;
using TokenStream.Tests.Mapping;
using Xunit;

namespace TokenStream.Tests.Service.Commands;

public sealed class InspectCommandTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"tokenstream-inspect-{Guid.NewGuid():N}.json");

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void A_payload_is_shown_with_its_paths_what_is_unknown_and_its_price()
    {
        var (code, text, _) = Inspect(LiteLlmPayloads.Usual().ToJsonString());

        Assert.Equal(0, code);
        Assert.Contains("litellm (LiteLLM's StandardLoggingPayload", text, StringComparison.Ordinal);
        Assert.Contains("tenant_id              acme   (metadata.user_api_key_team_id)", text, StringComparison.Ordinal);
        Assert.Contains("tokens_reasoning       unknown   (metadata.usage_object.completion", text, StringComparison.Ordinal);

        // 100 x 3 + 900 x 0.3 + 200 x 3.75 + 50 x 6 + 70 x 15 dollars a million.
        Assert.Contains("Total 0.00267 USD", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_item_says_where_and_why()
    {
        var (code, text, _) = Inspect(LiteLlmPayloads.With(("endTime", "12")));

        Assert.Equal(1, code);
        Assert.Contains("1. refused: endTime: time_unusable at byte ", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_providers_answer_is_known_by_its_fields()
    {
        var (code, text, _) = Inspect("""
            {"object":"list","model":"text-embedding-3-small","data":[],"usage":{"prompt_tokens":1000,"total_tokens":1000}}
            """);

        Assert.Equal(0, code);
        Assert.Contains("the shape of OpenAiEmbeddings", text, StringComparison.Ordinal);
        Assert.Contains("Total 0.00002 USD", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Headers_say_what_a_body_does_not()
    {
        var headers = new PayloadHeaders();
        headers.Add("ts-path", "/v1/messages");
        headers.Add("ts-status", "529");
        headers.Add("ts-tenant", "acme");
        File.WriteAllText(_file, "overloaded");
        var (code, text, _) = Run(_file, headers);

        Assert.Equal(0, code);
        Assert.Contains("the shape of Anthropic", text, StringComparison.Ordinal);
        Assert.Contains("tenant_id              acme", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_nobody_sends_is_called_unknown_with_the_sources_there_are()
    {
        var (code, text, _) = Inspect("{\"hello\":1}");

        Assert.Equal(1, code);
        Assert.Contains("nothing that is known; --as (litellm, ", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_error_of_use() => Assert.Equal(2, Run(_file + ".missing").Code);

    private (int Code, string Text, string Errors) Inspect(string payload)
    {
        File.WriteAllText(_file, payload);
        return Run(_file);
    }

    private static (int Code, string Text, string Errors) Run(string file, PayloadHeaders? headers = null)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var code = InspectCommand.Inspect(
            file, "auto", receivedMs: 1_795_212_400_000, headers ?? new PayloadHeaders(), prices: null, output, errors);
        return (code, output.ToString(), errors.ToString());
    }
}
