using System.Buffers;
using System.Text.Json;

namespace TokenStream.Receiver.Intake;

/// <summary>
/// What of a payload is put aside where some of its items were refused: those alone, where they can be cut out, in the payload's own form.
/// What became events must not be in it, or sending it again after the duplicates' horizon would count that twice.
/// </summary>
internal static class RefusedPart
{
    /// <summary>The bytes, and how many items in them became events all the same.</summary>
    /// <param name="offsets">Where the refused items' faults are, ascending.</param>
    /// <param name="taken">Items that became events.</param>
    /// <param name="isLines">Whether each line is an item.</param>
    public static (byte[] Bytes, int Taken) Of(ReadOnlySpan<byte> body, IReadOnlyList<int> offsets, int taken, bool isLines)
    {
        if (taken == 0 || offsets[0] == Refusal.Nowhere)
        {
            return (body.ToArray(), taken);
        }

        var part = new ArrayBufferWriter<byte>();
        if (isLines)
        {
            CutLines(body, offsets, part);
        }
        else if (!TryCutArray(body, offsets, part))
        {
            return (body.ToArray(), taken);
        }

        return (part.WrittenSpan.ToArray(), 0);
    }

    private static void CutLines(ReadOnlySpan<byte> body, IReadOnlyList<int> offsets, ArrayBufferWriter<byte> part)
    {
        var next = 0;
        for (var at = 0; at < body.Length && next < offsets.Count;)
        {
            var length = body[at..].IndexOf((byte)'\n') is >= 0 and var end ? end + 1 : body.Length - at;
            if (Passed(offsets, ref next, at + length))
            {
                part.Write(body.Slice(at, length));
            }

            at += length;
        }
    }

    private static bool TryCutArray(ReadOnlySpan<byte> body, IReadOnlyList<int> offsets, ArrayBufferWriter<byte> part)
    {
        var next = 0;
        var reader = new Utf8JsonReader(body);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            {
                return false;
            }

            part.Write("["u8);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                if (Passed(offsets, ref next, (int)reader.BytesConsumed))
                {
                    part.Write(part.WrittenCount > 1 ? ","u8 : default);
                    part.Write(body[start..(int)reader.BytesConsumed]);
                }
            }

            part.Write("]"u8);
            return next == offsets.Count;
        }
        catch (JsonException)
        {
            // Nested too deeply to be walked: the payload stays whole, and says that a part of it was taken.
            return false;
        }
    }

    /// <summary>Whether any fault lies before an end; passes over those.</summary>
    private static bool Passed(IReadOnlyList<int> offsets, ref int next, int end)
    {
        var first = next;
        while (next < offsets.Count && offsets[next] < end)
        {
            next++;
        }

        return next > first;
    }
}
