using System.Runtime.InteropServices;

namespace TokenStream.Chdb.Codecs;

/// <summary>The few functions of libzstd that decode a stream; signatures from its <c>zstd.h</c>, stable since 1.4.</summary>
internal static unsafe partial class ZstdNative
{
    /// <summary>ZSTD_d_windowLogMax.</summary>
    internal const int WindowLogMost = 100;

    /// <summary>Debian's libzstd1, which the Kafka client's native half needs too.</summary>
    private const string Library = "libzstd.so.1";

    internal static bool IsInstalled { get; } = NativeLibrary.TryLoad(Library, out _);

    [LibraryImport(Library, EntryPoint = "ZSTD_createDStream")]
    internal static partial ZstdHandle Create();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDStream")]
    internal static partial nuint Free(nint stream);

    [LibraryImport(Library, EntryPoint = "ZSTD_DCtx_setParameter")]
    internal static partial nuint SetParameter(ZstdHandle stream, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressStream")]
    internal static partial nuint Decompress(ZstdHandle stream, OutBuffer* output, InBuffer* input);

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    internal static partial uint IsError(nuint code);

    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorName")]
    internal static partial nint ErrorName(nuint code);

    [StructLayout(LayoutKind.Sequential)]
    internal struct InBuffer
    {
        internal byte* Bytes;
        internal nuint Size;
        internal nuint Position;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct OutBuffer
    {
        internal byte* Bytes;
        internal nuint Size;
        internal nuint Position;
    }
}
