using System.Runtime.InteropServices;

namespace TokenStream.Chdb.Codecs;

/// <summary>Owns a ZSTD_DStream.</summary>
internal sealed class ZstdHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        ZstdNative.Free(handle);
        return true;
    }
}
