using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using TokenStream.Proxy;
using Xunit;

namespace TokenStream.Tests.Proxy;

public sealed class RequestBodyTests
{
    [Theory]
    [InlineData("Chat", """{"model":"m","max_tokens":5}""", """{"model":"m","max_tokens":5}""")]
    [InlineData(
        "Chat", """{"model":"m","max_tokens":50,"max_completion_tokens":60}""",
        """{"model":"m","max_tokens":10,"max_completion_tokens":10}""")]
    [InlineData("Chat", """{"model":"m","max_tokens":null}""", """{"model":"m","max_tokens":10}""")]
    [InlineData("Chat", """{"model":"m","max_tokens":1e9}""", """{"model":"m","max_tokens":10}""")]
    [InlineData("Completions", """{"model":"m"}""", """{"max_tokens":10,"model":"m"}""")]
    [InlineData("Responses", """{"model":"m"}""", """{"max_output_tokens":10,"model":"m"}""")]
    [InlineData("Messages", """{"model":"m","max_tokens":4096}""", """{"model":"m","max_tokens":10}""")]
    [InlineData("Gemini", """{"generationConfig":{}}""", """{"generationConfig":{"maxOutputTokens":10}}""")]
    [InlineData("Gemini", """{"generationConfig":null,"a":1}""", """{"generationConfig":{"maxOutputTokens":10},"a":1}""")]
    [InlineData("Converse", """{"inferenceConfig":{"temperature":0.5}}""", """{"inferenceConfig":{"maxTokens":10,"temperature":0.5}}""")]
    [InlineData("Invoke", """{"prompt":"x"}""", """{"prompt":"x"}""")]
    [InlineData(
        "Chat", """{"max_tokens.x":1,"model":"m","messages":[{"max_tokens":99}]}""",
        """{"max_completion_tokens":10,"max_tokens.x":1,"model":"m","messages":[{"max_tokens":99}]}""")]
    [InlineData(
        "Messages", """{"model":"m","max_tokens":9,"thinking":{"type":"enabled","budget_tokens":8}}""",
        """{"model":"m","max_tokens":9,"thinking":{"type":"enabled","budget_tokens":8}}""")]
    [InlineData(
        "Messages", """{"model":"m","max_tokens":4096,"thinking":{"type":"enabled","budget_tokens":2048}}""",
        """{"model":"m","max_tokens":10,"thinking":{"type":"disabled"}}""")]
    public void A_limit_is_set_where_the_interface_has_it(string kind, string body, string expected)
    {
        var read = Read(body);
        read.SetLimit(Enum.Parse<ApiKind>(kind), 10);
        Assert.Equal(expected, Encoding.UTF8.GetString(read.Edited().Span));
    }

    [Fact]
    public void Thinking_stays_within_a_limit_that_has_room_for_it()
    {
        var read = Read("""{"model":"m","max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":8000}}""");
        read.SetLimit(ApiKind.Messages, 5_000);
        Assert.Equal(
            """{"model":"m","max_tokens":5000,"thinking":{"type":"enabled","budget_tokens":4999}}""",
            Encoding.UTF8.GetString(read.Edited().Span));
    }

    [Theory]
    [InlineData("""{"stream_options":{"include_usage":false,"x":1}}""", """{"stream_options":{"include_usage":true,"x":1}}""")]
    [InlineData("""{"stream_options":{"x":1}}""", """{"stream_options":{"include_usage":true,"x":1}}""")]
    [InlineData("""{"stream_options":null}""", """{"stream_options":{"include_usage":true}}""")]
    public void Usage_is_asked_for_whatever_stands_there(string body, string expected)
    {
        var read = Read(body);
        read.AskForUsage();
        Assert.Equal(expected, Encoding.UTF8.GetString(read.Edited().Span));
    }

    [Fact]
    public void Edits_say_what_another_parser_reads_and_keep_the_rest()
    {
        var random = new Random(3);
        for (var round = 0; round < 500; round++)
        {
            var members = new List<string> { """ "model" : "a\u00e9" """, """ "messages" : [ { "content" : "x \" {}" } ] """ };
            foreach (var (chance, member) in new[] { (2, " \"max_tokens\":900 "), (2, "\"stream\":true"), (3, "\"stream_options\" : { } "), (2, "\"seed\": 1.50e2") })
            {
                if (random.Next(chance) == 0)
                {
                    members.Insert(random.Next(members.Count + 1), member);
                }
            }

            var text = $" {{{string.Join(',', members)}\n}} ";
            var read = Read(text);
            var expected = JsonNode.Parse(text)!.AsObject();
            read.SetModel("b\"/c");
            read.AskForUsage();
            read.SetLimit(ApiKind.Chat, 30);
            expected["model"] = "b\"/c";
            expected["stream_options"] = new JsonObject { ["include_usage"] = true };
            expected[expected.ContainsKey("max_tokens") ? "max_tokens" : "max_completion_tokens"] = 30;
            Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(read.Edited().Span)), text);
        }
    }

    [Fact]
    public void An_image_in_a_prompt_is_no_prose()
    {
        var image = new string('A', 400_000);
        var read = Read($$$"""{"model":"m","messages":[{"content":[{"image_url":{"url":"data:image/png;base64,{{{image}}}"}}]}]}""");
        Assert.InRange(read.EstimatedTokens, 1_500, 1_600);
    }

    [Theory]
    [InlineData("/v1/chat/completions", "Chat", null)]
    [InlineData("/openai/deployments/gpt-mine/chat/completions", "Chat", "gpt-mine")]
    [InlineData("/v1/messages", "Messages", null)]
    [InlineData("/v1/messages/count_tokens", "Free", null)]
    [InlineData("/v1beta/models/gemini-x:streamGenerateContent", "Gemini", "gemini-x")]
    [InlineData("/v1beta/models/gemini-x:countTokens", "Free", "gemini-x")]
    [InlineData("/v1/projects/p/locations/l/publishers/anthropic/models/claude-x:rawPredict", "Invoke", "claude-x")]
    [InlineData("/model/arn:aws%2Fx/converse-stream", "Converse", "arn:aws/x")]
    [InlineData("/v1/files", "Other", null)]
    public void A_path_says_what_is_asked(string path, string kind, string? model)
    {
        var api = ApiCall.Of(path);
        Assert.Equal((kind, model), (api.Kind.ToString(), api.Model));
        Assert.Equal(
            model is null
                ? path
                : path.Replace(path.Contains("arn", StringComparison.Ordinal) ? "arn:aws%2Fx" : model, "new", StringComparison.Ordinal),
            api.WithModel("new"));
    }

    [Fact]
    public void The_usage_is_taken_out_wherever_the_stream_is_cut_and_nothing_else()
    {
        const string Usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n";
        string[] events =
        [
            "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"usage\\\":{}\"}}],\"usage\":null}\n\n", ": a comment\n\n",
            "data: {\"choices\":[],\"prompt_filter_results\":[],\"usage\":null}\r\n\r\n",
            "data: {\"choices\":[{}],\"usage\":{\"a\":1}}\n\n",
            $"data: {{\"x\":\"{new string('y', 70_000)}\",\"choices\":[],\"usage\":{{}}}}\n\n", "data: {\"usage\":{broken\n\n", "\n\n",
            "data: [DONE]\n\n",
        ];
        var random = new Random(5);
        for (var round = 0; round < 200; round++)
        {
            var chosen = Enumerable.Range(0, 8).Select(_ => random.Next(3) == 0 ? Usage : events[random.Next(events.Length)]).ToList();
            var bytes = Encoding.UTF8.GetBytes(string.Concat(chosen));
            var (filter, passed) = (new ExtraUsageFilter(), new ArrayBufferWriter<byte>());
            for (var at = 0; at < bytes.Length;)
            {
                var length = Math.Min(1 + random.Next(random.Next(2) == 0 ? 5 : 9000), bytes.Length - at);
                filter.Take(bytes.AsSpan(at, length), passed);
                at += length;
            }

            filter.End(passed);
            Assert.Equal(string.Concat(chosen.Where(one => one != Usage)), Encoding.UTF8.GetString(passed.WrittenSpan));
        }
    }

    private static RequestBody Read(string body)
    {
        Assert.True(RequestBody.TryRead(Encoding.UTF8.GetBytes(body), out var read));
        return read;
    }
}
