using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace TokenStream.SampleGateway;

/// <summary>
/// Models that answer every chat completion with as many words as they may, 64 where nothing is said, and report their usage as OpenAI's
/// do: a prompt token for every four bytes of the request, an output token a word.
/// </summary>
internal sealed class FakeModels(TimeSpan pace) : HttpMessageHandler
{
    private const int UsualTokens = 64;
    private const int MostTokens = 4_096;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var bytes = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
        var body = JsonNode.Parse(bytes)!.AsObject();
        var limit = (body["max_completion_tokens"] ?? body["max_tokens"])?.GetValue<long>() ?? UsualTokens;
        var tokens = (int)Math.Clamp(limit, 1, MostTokens);
        var model = body["model"]!.GetValue<string>();
        var isStream = body["stream"]?.GetValue<bool>() == true;
        HttpContent content = isStream
            ? new TokenEvents(model, bytes.Length / 4, tokens, pace)
            : new ByteArrayContent(Encoding.UTF8.GetBytes(Answer(model, bytes.Length / 4, tokens)));
        content.Headers.ContentType = new MediaTypeHeaderValue(isStream ? "text/event-stream" : "application/json");
        return new HttpResponseMessage(HttpStatusCode.OK) { Content = content, RequestMessage = request };
    }

    private static string Answer(string model, int tokensIn, int tokensOut) => new JsonObject
    {
        ["object"] = "chat.completion",
        ["model"] = model,
        ["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = string.Concat(Enumerable.Repeat("word ", tokensOut)) },
            ["finish_reason"] = "stop",
        }),
        ["usage"] = Usage(tokensIn, tokensOut),
    }.ToJsonString();

    private static JsonObject Usage(int tokensIn, int tokensOut) => new()
    {
        ["prompt_tokens"] = tokensIn,
        ["completion_tokens"] = tokensOut,
        ["total_tokens"] = tokensIn + tokensOut,
    };

    /// <summary>A token an event, at the pace of a model; the last event before the end holds the usage.</summary>
    private sealed class TokenEvents(string model, int tokensIn, int tokensOut, TimeSpan pace) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            using var timer = new PeriodicTimer(pace > TimeSpan.Zero ? pace : TimeSpan.FromMilliseconds(1));
            for (var i = 0; i < tokensOut; i++)
            {
                await WriteAsync(stream, Event(model, null), cancellationToken);
                await timer.WaitForNextTickAsync(cancellationToken);
            }

            await WriteAsync(stream, Event(model, Usage(tokensIn, tokensOut)), cancellationToken);
            await WriteAsync(stream, "[DONE]", cancellationToken);
        }

        protected override Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken)
        {
            var pipe = new System.IO.Pipelines.Pipe();
            _ = FillAsync(pipe.Writer);
            return Task.FromResult(pipe.Reader.AsStream());
        }

        protected override Task<Stream> CreateContentReadStreamAsync() => CreateContentReadStreamAsync(CancellationToken.None);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        private static string Event(string model, JsonObject? usage) => new JsonObject
        {
            ["model"] = model,
            ["choices"] = usage is not null
                ? []
                : new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = new JsonObject { ["content"] = "word " } }),
            ["usage"] = usage,
        }.ToJsonString();

        private static async Task WriteAsync(Stream stream, string data, CancellationToken cancellationToken)
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes($"data: {data}\n\n"), cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }

        private async Task FillAsync(System.IO.Pipelines.PipeWriter writer)
        {
            try
            {
                await SerializeToStreamAsync(writer.AsStream(leaveOpen: true), null);
                await writer.CompleteAsync();
            }
            catch (Exception failure) when (failure is IOException or InvalidOperationException)
            {
                // The reader left: a model stops then.
                await writer.CompleteAsync(failure);
            }
        }
    }
}
