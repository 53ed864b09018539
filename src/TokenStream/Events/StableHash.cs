using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace TokenStream.Events;

/// <summary>
/// A 64-bit hash of bytes that is the same on every machine and in every version: duplicates are told by it and sketches are fed with it,
/// so its results are part of the formats. All 64 bits are of equal quality. Not for secrets: whoever knows it can make two texts collide.
/// </summary>
/// <remarks>
/// Sixteen bytes a step: two words are multiplied to 128 bits and folded. Both factors are folded in again, so that a factor of zero does
/// not make the other one's bits disappear. The constants are the fractional parts of the square roots of 2, 3, 5 and 7, made odd.
/// </remarks>
public static class StableHash
{
    private const ulong Sqrt2 = 0x6A09E667F3BCC909;
    private const ulong Sqrt3 = 0xBB67AE8584CAA73B;
    private const ulong Sqrt5 = 0x3C6EF372FE94F82B;
    private const ulong Sqrt7 = 0xA54FF53A5F1D36F1;

    /// <summary>The hash of a text.</summary>
    public static ulong Hash(ReadOnlySpan<byte> bytes) => Hash(Sqrt2, bytes);

    /// <summary>
    /// The hash of a pair of texts: that of the second one, seeded by that of the first. Where one stands does not matter to the other's
    /// length: ("ab", "c") and ("a", "bc") differ.
    /// </summary>
    public static ulong Hash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => Hash(Hash(first), second);

    /// <summary>The hash of a text under a seed, which is usually the hash of what stands before it.</summary>
    public static ulong Hash(ulong seed, ReadOnlySpan<byte> bytes)
    {
        ulong head;
        ulong tail;
        if (bytes.Length > 16)
        {
            seed = HashLong(seed, bytes);
            head = Word(bytes, bytes.Length - 16);
            tail = Word(bytes, bytes.Length - 8);
        }
        else if (bytes.Length >= 8)
        {
            head = Word(bytes, 0);
            tail = Word(bytes, bytes.Length - 8);
        }
        else if (bytes.Length >= 4)
        {
            head = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            tail = BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]);
        }
        else
        {
            // Up to three bytes: the first, the middle and the last are all of them.
            head = bytes.Length == 0 ? 0UL : ((ulong)bytes[0] << 16) | ((ulong)bytes[bytes.Length >> 1] << 8) | bytes[^1];
            tail = 0;
        }

        // The whole 128 bits go into the last step: folded to 64 before it, single bits would show through.
        head ^= Sqrt3;
        tail ^= seed;
        var high = Math.BigMul(head, tail, out var low);
        return Fold(head ^ low ^ Sqrt5 ^ unchecked((ulong)bytes.Length), tail ^ high ^ Sqrt7);
    }

    /// <summary>All whole sixteen-byte steps before the last sixteen bytes.</summary>
    private static ulong HashLong(ulong seed, ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        if (bytes.Length > 32)
        {
            // Two chains, so that one multiplication need not wait for the other.
            var other = seed;
            for (; at < bytes.Length - 32; at += 32)
            {
                seed = Fold(Word(bytes, at) ^ Sqrt3, Word(bytes, at + 8) ^ seed);
                other = Fold(Word(bytes, at + 16) ^ Sqrt5, Word(bytes, at + 24) ^ other);
            }

            seed = unchecked(seed + BitRotate(other));
        }

        if (at < bytes.Length - 16)
        {
            seed = Fold(Word(bytes, at) ^ Sqrt3, Word(bytes, at + 8) ^ seed);
        }

        return seed;
    }

    private static ulong BitRotate(ulong word) => System.Numerics.BitOperations.RotateLeft(word, 29);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice(at, 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Fold(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return (a ^ low) ^ BitRotate(b ^ high);
    }
}
