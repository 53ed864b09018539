using System.Runtime.InteropServices;

namespace TokenStream.Tests.Chdb.Codecs;

/// <summary>The library's one-call encoder, to have frames to decode.</summary>
internal static unsafe partial class ZstdEncoder
{
    internal static byte[] Encode(byte[] bytes)
    {
        var packed = new byte[(int)Bound((nuint)bytes.Length)];
        fixed (byte* from = bytes, to = packed)
        {
            return packed[..(int)Compress(to, (nuint)packed.Length, from, (nuint)bytes.Length, 3)];
        }
    }

    [LibraryImport("libzstd.so.1", EntryPoint = "ZSTD_compressBound")]
    private static partial nuint Bound(nuint length);

    [LibraryImport("libzstd.so.1", EntryPoint = "ZSTD_compress")]
    private static partial nuint Compress(byte* to, nuint room, byte* from, nuint length, int level);
}
