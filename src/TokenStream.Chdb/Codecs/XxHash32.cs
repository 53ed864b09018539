using System.Buffers.Binary;
using System.Numerics;

namespace TokenStream.Chdb.Codecs;

/// <summary>
/// The 32-bit xxHash with seed 0, which LZ4 frames use as their checksum. Constants and order: the xxHash specification by Yann Collet
/// (xxhash_spec.md, XXH32). All arithmetic is modulo 2^32.
/// </summary>
internal struct XxHash32
{
    private const uint Prime1 = 2654435761;
    private const uint Prime2 = 2246822519;
    private const uint Prime3 = 3266489917;
    private const uint Prime4 = 668265263;
    private const uint Prime5 = 374761393;
    private const int StripeBytes = 16;

    private readonly byte[] _rest = new byte[StripeBytes];
    private int _restLength;
    private ulong _total;
    private uint _lane1 = unchecked(Prime1 + Prime2);
    private uint _lane2 = Prime2;
    private uint _lane3;
    private uint _lane4 = unchecked(0 - Prime1);

    public XxHash32()
    {
    }

    internal static uint Of(ReadOnlySpan<byte> bytes)
    {
        var hash = new XxHash32();
        hash.Append(bytes);
        return hash.Current();
    }

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        _total += (ulong)bytes.Length;
        if (_restLength > 0)
        {
            var taken = Math.Min(StripeBytes - _restLength, bytes.Length);
            bytes[..taken].CopyTo(_rest.AsSpan(_restLength));
            _restLength += taken;
            bytes = bytes[taken..];
            if (_restLength < StripeBytes)
            {
                return;
            }
            Stripe(_rest);
            _restLength = 0;
        }
        for (; bytes.Length >= StripeBytes; bytes = bytes[StripeBytes..])
        {
            Stripe(bytes);
        }
        bytes.CopyTo(_rest);
        _restLength = bytes.Length;
    }

    internal readonly uint Current()
    {
        unchecked
        {
            var hash = _total >= StripeBytes
                ? BitOperations.RotateLeft(_lane1, 1) + BitOperations.RotateLeft(_lane2, 7) + BitOperations.RotateLeft(_lane3, 12)
                    + BitOperations.RotateLeft(_lane4, 18)
                : Prime5;
            hash += (uint)_total;
            ReadOnlySpan<byte> rest = _rest.AsSpan(0, _restLength);
            for (; rest.Length >= 4; rest = rest[4..])
            {
                hash = BitOperations.RotateLeft(hash + BinaryPrimitives.ReadUInt32LittleEndian(rest) * Prime3, 17) * Prime4;
            }
            foreach (var value in rest)
            {
                hash = BitOperations.RotateLeft(hash + value * Prime5, 11) * Prime1;
            }
            hash = (hash ^ (hash >> 15)) * Prime2;
            hash = (hash ^ (hash >> 13)) * Prime3;
            return hash ^ (hash >> 16);
        }
    }

    private void Stripe(ReadOnlySpan<byte> stripe)
    {
        _lane1 = Round(_lane1, stripe);
        _lane2 = Round(_lane2, stripe[4..]);
        _lane3 = Round(_lane3, stripe[8..]);
        _lane4 = Round(_lane4, stripe[12..]);
    }

    private static uint Round(uint lane, ReadOnlySpan<byte> input) =>
        unchecked(BitOperations.RotateLeft(lane + BinaryPrimitives.ReadUInt32LittleEndian(input) * Prime2, 13) * Prime1);
}
