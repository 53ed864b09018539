using System.Globalization;
using System.Text;

namespace TokenStream.Tests.Mapping;

/// <summary>Payloads cut, doubled, moved, and swapped for what a parser trips over.</summary>
internal static class Payloads
{
    private static readonly byte[][] Pieces =
    [
        .. new[]
        {
            "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "-1", "1e999", "1.5", "999999999999999999999", "\\ud800", "\\u0000",
            "true", "data: ", "\n\n", "data: [DONE]\n", "\"prompt_tokens\":7,", "\"usage\":{\"inputTokens\":1},", "[[[[[[[[",
            "{\"a\":{\"a\":", "\"\":", " ", "\r", "\"-\"", "\"tokens\":\"7\",", "1e10", "\"data\":{", "\"ai\":{\"proxy\":{", "\"0\"",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC3], [0x00], [0xEF, 0xBB, 0xBF], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80], [0x0A, 0xFF, 0xFF, 0x7F],
    ];

    /// <summary>A number that the environment sets.</summary>
    public static int Variable(string name, int other) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : other;

    /// <summary>A payload with up to three mutations; with none in one of four cases.</summary>
    public static byte[] Mutate(byte[] payload, Random random) => Mutate(payload, random, Pieces);

    /// <param name="payload">What is mutated.</param>
    /// <param name="random">Decides.</param>
    /// <param name="pieces">What the payload's format trips over.</param>
    public static byte[] Mutate(byte[] payload, Random random, byte[][] pieces)
    {
        for (var mutations = random.Next(4); mutations > 0 && payload.Length > 0; mutations--)
        {
            var (at, other) = (random.Next(payload.Length), random.Next(payload.Length));
            var (start, end) = (Math.Min(at, other), Math.Min(Math.Max(at, other), Math.Min(at, other) + 40));
            payload = random.Next(6) switch
            {
                0 => payload[..at],
                1 => [.. payload[..start], .. payload[end..]],
                2 => [.. payload[..end], .. payload[start..]],
                3 => [.. payload[..at], .. pieces[random.Next(pieces.Length)], .. payload[at..]],
                4 => [.. payload[..start], .. pieces[random.Next(pieces.Length)], .. payload[end..]],
                _ => [.. payload[..at], (byte)(payload[at] ^ (1 << random.Next(8))), .. payload[(at + 1)..]],
            };
        }

        return payload;
    }
}
