using System.Text;
using System.Text.Json;
using TokenStream.Events;
using TokenStream.Tests.Mapping;
using Xunit;

namespace TokenStream.Tests.Events;

/// <summary>What is skipped is still read: skipping accepts what .NET's own strict reader accepts, and nothing else.</summary>
public sealed class JsonSkipTests
{
    private static readonly int Rounds = Payloads.Variable("TOKENSTREAM_FUZZ_ROUNDS", 40_000);

    /// <summary>Long enough that what stands before it is read in blocks.</summary>
    private static readonly string Rest = $$"""{"rest":"{{new string('r', 300)}}"}""";

    [Fact]
    public void Mutated_texts_are_accepted_as_a_strict_reader_accepts_them()
    {
        var seed = Payloads.Variable("TOKENSTREAM_SEED", 1);
        var random = new Random(seed);
        var seeds = new[]
        {
            LiteLlmPayloads.Usual().ToJsonString(new JsonSerializerOptions { WriteIndented = true }),
            LiteLlmPayloads.Usual().ToJsonString(),
            $$"""
            {"a": null, "b": true, "c": false, "d": "x", "e": 1.25e-06, "f": -0, "g": 10, "h": "\n", "i": "é", "j": 0.5, "k": {}, "l": [],
            "m" : 1 , "{{new string('n', 63)}}": 1, "{{new string('o', 64)}}": 2, "p": "{{new string('p', 70)}}", "q": {{Rest}} }
            """,
        }.Select(Encoding.UTF8.GetBytes).ToArray();
        var accepted = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var text = Payloads.Mutate(seeds[random.Next(seeds.Length)], random);
            var isJson = IsJson(text);
            Assert.True(isJson == Skips(text), $"seed {seed} round {round}: {isJson} {Encoding.UTF8.GetString(text)}");
            accepted += isJson ? 1 : 0;
        }

        Assert.InRange(accepted, Rounds / 10, Rounds * 9 / 10);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("-1")]
    [InlineData("1.5e+3")]
    [InlineData("01")]
    [InlineData("-")]
    [InlineData("1.")]
    [InlineData(".5")]
    [InlineData("1e")]
    [InlineData("1e+")]
    [InlineData("+1")]
    [InlineData("1234567890123456789012345678901")]
    [InlineData("12345678901234567890123456789012")]
    [InlineData("123456789012345678901234567890123456789")]
    [InlineData("nul")]
    [InlineData("nullx")]
    [InlineData("True")]
    [InlineData("false")]
    [InlineData("falsy")]
    [InlineData("\"a\tb\"")]
    [InlineData("\"\\u12g4\"")]
    [InlineData("\"\\q\"")]
    [InlineData("\"a\" \"b\"")]
    [InlineData("")]
    public void A_scalar_in_a_long_object_is_accepted_as_a_strict_reader_accepts_it(string scalar)
    {
        string[] texts =
            [$"{{\"a\": {scalar}, \"b\": {Rest}}}", $"{{\"a\":{scalar},\"b\":{Rest}}}", $"[{scalar},{Rest}]", scalar];
        foreach (var text in texts)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            Assert.True(IsJson(bytes) == Skips(bytes), text);
        }
    }

    /// <summary>Names and texts of every length around the blocks they are looked at in, ended by every kind of byte.</summary>
    [Fact]
    public void Names_and_texts_end_where_they_end()
    {
        for (var length = 0; length < 140; length++)
        {
            foreach (var end in new[] { "\"", "\\\"\"", "\u0001\"", "é\"", "" })
            {
                var text = new string('n', length) + end;
                var bytes = Encoding.UTF8.GetBytes($"{{\"{text}: \"{text}, \"last\": {Rest}}}");
                Assert.True(IsJson(bytes) == Skips(bytes), Encoding.UTF8.GetString(bytes));
            }
        }
    }

    private static bool Skips(byte[] text)
    {
        var scanner = new JsonScanner(text);
        return scanner.TrySkip(depth: 0) && scanner.AtEnd();
    }

    private static bool IsJson(byte[] text)
    {
        try
        {
            var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = EventLimits.Depth });
            var tokens = 0;
            while (reader.Read())
            {
                tokens++;
            }

            return tokens > 0;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
