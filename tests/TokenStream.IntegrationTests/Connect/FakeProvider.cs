using System.Net;
using System.Text;
using TokenStream.IntegrationTests.Node;

namespace TokenStream.IntegrationTests.Connect;

/// <summary>Answers every request as OpenAI's chat does, with the same usage.</summary>
internal sealed class FakeProvider : IAsyncDisposable
{
    private const string Answer =
        """
        {"id":"chatcmpl-1","object":"chat.completion","created":1790000000,"model":"gpt-4o-mini-2024-07-18",
         "choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],
         "usage":{"prompt_tokens":1200,"completion_tokens":300,"total_tokens":1500,"prompt_tokens_details":{"cached_tokens":1000}}}
        """;

    private readonly HttpListener _listener = new();
    private readonly Task _answering;

    internal FakeProvider()
    {
        _listener.Prefixes.Add($"{Url}/");
        _listener.Start();
        _answering = AnswerAsync();
    }

    internal string Url { get; } = $"http://127.0.0.1:{NodeProcess.FreePort()}";

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _answering;
        _listener.Close();
    }

    private async Task AnswerAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var asked = await _listener.GetContextAsync();
                asked.Response.ContentType = "application/json";
                await asked.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(Answer));
                asked.Response.Close();
            }
            catch (Exception failure) when (failure is HttpListenerException or ObjectDisposedException)
            {
                // It was stopped, or whoever asked has left.
            }
        }
    }
}
