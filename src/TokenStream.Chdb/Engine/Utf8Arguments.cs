using System.Runtime.InteropServices;
using System.Text;

namespace TokenStream.Chdb.Engine;

/// <summary>Texts in unmanaged memory, as C's <c>char **</c> with and without lengths; freed when disposed.</summary>
internal sealed unsafe class Utf8Arguments : IDisposable
{
    private readonly int _count;
    private readonly byte** _texts;
    private readonly nuint* _lengths;

    internal Utf8Arguments(IReadOnlyList<string> texts)
    {
        _count = texts.Count;
        _texts = (byte**)NativeMemory.AllocZeroed((nuint)Math.Max(1, _count), (nuint)sizeof(byte*));
        _lengths = (nuint*)NativeMemory.AllocZeroed((nuint)Math.Max(1, _count), (nuint)sizeof(nuint));
        for (var index = 0; index < _count; index++)
        {
            var bytes = Encoding.UTF8.GetByteCount(texts[index]);
            _texts[index] = (byte*)NativeMemory.AllocZeroed((nuint)bytes + 1);
            _lengths[index] = (nuint)Encoding.UTF8.GetBytes(texts[index], new Span<byte>(_texts[index], bytes));
        }
    }

    internal int Count => _count;

    internal byte** Texts => _texts;

    internal nuint* Lengths => _lengths;

    public void Dispose()
    {
        for (var index = 0; index < _count; index++)
        {
            NativeMemory.Free(_texts[index]);
        }
        NativeMemory.Free(_texts);
        NativeMemory.Free(_lengths);
    }
}
