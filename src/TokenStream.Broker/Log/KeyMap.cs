using System.Buffers.Binary;
using System.Security.Cryptography;

namespace TokenStream.Broker.Log;

/// <summary>The last offset of each key, for one compaction. A key is known by 128 bits of its SHA-256: two keys taken for one would lose a
/// value, and nobody can make two that are.</summary>
/// <param name="memoryBytes">What it may take; at least one key fits.</param>
internal sealed class KeyMap(long memoryBytes)
{
    /// <summary>A dictionary's entry of hash and offset, its bucket, and the room left by doubling.</summary>
    private const int BytesPerKey = 72;

    private readonly Dictionary<UInt128, long> _lastOffsets = [];
    private readonly int _capacity = (int)Math.Clamp(memoryBytes / BytesPerKey, 1, int.MaxValue / 4);

    public int Count => _lastOffsets.Count;

    public bool IsFull => _lastOffsets.Count >= _capacity;

    public void Set(ReadOnlySpan<byte> key, long offset) => _lastOffsets[Hash(key)] = offset;

    /// <summary>Whether a record of the key at a higher offset is known.</summary>
    public bool IsSuperseded(ReadOnlySpan<byte> key, long offset) => _lastOffsets.TryGetValue(Hash(key), out long last) && last > offset;

    private static UInt128 Hash(ReadOnlySpan<byte> key)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key, digest);
        return BinaryPrimitives.ReadUInt128LittleEndian(digest);
    }
}
