using System.Text;
using FsCheck;
using FsCheck.Fluent;
using TokenStream.Commands;
using Xunit;
using static TokenStream.Tests.Commands.CompositionSamples;

namespace TokenStream.Tests.Agent;

/// <summary>Whatever is sent, something sensible is answered, and nothing is held that nobody can end.</summary>
public sealed class AgentFuzzTests
{
    private static readonly string[] Paths =
        ["/v1/decide", "/v1/complete", "/v1/abandon", "/v1/continue", "/ext_authz/v1/chat/completions"];

    private static readonly string[] Bodies =
    [
        """{"tenant":"acme","app":"a","feature":"f","environment":"prod","user":"u","session":"s","provider":"openai","model":"gpt-5","tokens_in":12,"max_tokens":90,"answers":2,"request_id":"r"}""",
        """{"reservation":"0000000000000000","result":"ok","tokens_in":10,"tokens_out":5,"tokens_cached":3,"tokens_reasoning":1,"latency_ms":7,"wait":false}""",
        """{"tenant":"acme","source":"provider","payload":{"id":"c","object":"chat.completion","model":"gpt-5","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4}}}""",
        """{"tenant":"acme","payload":"data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-5\",\"choices\":[]}\n\ndata: [DONE]\n\n"}""",
        """{"tenant":"acme","source":"litellm","payload":[{"id":"a","litellm_call_id":"b","status":"success","startTime":1767225600.0,"endTime":1767225601.0}]}""",
        """{"model":"gpt-5","max_tokens":900,"n":3,"stream":true,"messages":[{"role":"user","content":"hi"}]}""",
    ];

    [Fact]
    public void Mutated_and_random_bodies_are_answered_and_never_fail()
    {
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed => AnswersAsync(seed).GetAwaiter().GetResult())
            .QuickCheckThrowOnFailure();
    }

    private static async Task AnswersAsync(int seed)
    {
        var random = new Random(seed);
        await using var agent = new AgentFixture(options => options.MostReservations = 5);
        agent.Gateway.Give(Trim("tenant=acme", 50), Command("tenant=other", CommandAction.Kill));
        for (var i = 0; i < 20; i++)
        {
            var path = Paths[random.Next(Paths.Length)];
            var (status, body, _) = await agent.AskAsync(path, Mutate(random, Encoding.UTF8.GetBytes(Bodies[random.Next(Bodies.Length)])));
            Assert.True(status is 200 or 202 or 400 or 403 or 404 or 409 or 413 or 429, $"{path}: {status} {body}");
        }

        Assert.InRange(agent.Book.Count, 0, 5);
        agent.Gateway.Time.Advance(TimeSpan.FromMinutes(2));
        agent.Deciding.Expire();
        Assert.Equal(0, agent.Book.Count);
        Assert.Empty(agent.Gateway.Gateway.Outstanding());
    }

    private static byte[] Mutate(Random random, byte[] bytes)
    {
        if (random.Next(8) == 0)
        {
            random.NextBytes(bytes);
            return bytes;
        }

        var mutated = new List<byte>(bytes);
        for (var i = random.Next(4); i > 0 && mutated.Count > 0; i--)
        {
            var at = random.Next(mutated.Count);
            switch (random.Next(4))
            {
                case 0:
                    mutated[at] = (byte)random.Next(256);
                    break;
                case 1:
                    mutated.RemoveRange(at, Math.Min(random.Next(1, 20), mutated.Count - at));
                    break;
                case 2:
                    mutated.InsertRange(at, bytes.AsSpan(random.Next(bytes.Length)).ToArray().Take(random.Next(1, 40)));
                    break;
                default:
                    mutated.InsertRange(at, Encoding.ASCII.GetBytes("9999999999999999999"));
                    break;
            }
        }

        return [.. mutated];
    }
}
