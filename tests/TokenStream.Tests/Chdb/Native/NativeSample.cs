using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using Xunit;

namespace TokenStream.Tests.Chdb.Native;

/// <summary>
/// An answer of the engine whose first column is the type looked at and whose second is <c>number AS sentinel</c>, so that the first one's end can
/// be found without knowing its type. What the answer must become is built from that.
/// </summary>
internal sealed record NativeSample(string Expression, byte[] Answer, int Rows)
{
    private static readonly byte[] Information = [1, 0, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0];
    private static readonly byte[] Sentinel = [8, .. "sentinel"u8, 6, .. "UInt64"u8];

    internal static IEnumerable<NativeSample> Recorded([CallerFilePath] string here = "")
    {
        var file = Path.Combine(Path.GetDirectoryName(here)!, "../../../data/chdb/native_types.tsv");
        return File.ReadLines(file).Where(line => line[0] != '#').Select(line => line.Split('\t'))
            .Select(fields => new NativeSample(fields[0], Convert.FromBase64String(fields[1]), 3));
    }

    internal byte[] Expected()
    {
        var sentinel = Answer.AsSpan().LastIndexOf(Sentinel);
        Assert.True(sentinel > 0, Expression);
        var values = Answer.AsSpan(sentinel + Sentinel.Length);
        Assert.Equal(Rows * sizeof(ulong), values.Length);
        for (var row = 0; row < Rows; row++)
        {
            Assert.Equal((ulong)row, BinaryPrimitives.ReadUInt64LittleEndian(values[(row * sizeof(ulong))..]));
        }
        var typeAt = 2 + 1 + "value".Length;
        Assert.Equal("value", Encoding.UTF8.GetString(Answer, 3, 5));
        // Names of types have fewer than 128 bytes here, so their length is one byte.
        var typeEnd = typeAt + 1 + Answer[typeAt];
        return [.. Information, .. Answer[..typeEnd], 0, .. Answer[typeEnd..(sentinel + Sentinel.Length)], 0, .. values];
    }
}
