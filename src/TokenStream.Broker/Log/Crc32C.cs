using System.Buffers.Binary;
using System.Numerics;

namespace TokenStream.Broker.Log;

/// <summary>CRC-32C (Castagnoli), the checksum of record batches; by the processor's instruction where it has one.</summary>
internal static class Crc32C
{
    private const uint Start = uint.MaxValue;

    public static uint Compute(ReadOnlySpan<byte> data) => ~Update(Start, data);

    /// <summary>Checksums of two texts that differ in their beginnings only. The instruction has a latency of three cycles and starts one a
    /// cycle, so the second sum costs next to nothing beside the first.</summary>
    public static (uint First, uint Second) ComputeTwo(ReadOnlySpan<byte> firstHead, ReadOnlySpan<byte> secondHead, ReadOnlySpan<byte> tail)
    {
        uint first = Update(Start, firstHead);
        uint second = Update(Start, secondHead);
        while (tail.Length >= sizeof(ulong))
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(tail);
            first = BitOperations.Crc32C(first, word);
            second = BitOperations.Crc32C(second, word);
            tail = tail[sizeof(ulong)..];
        }

        return (~Update(first, tail), ~Update(second, tail));
    }

    private static uint Update(uint sum, ReadOnlySpan<byte> data)
    {
        while (data.Length >= sizeof(ulong))
        {
            sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[sizeof(ulong)..];
        }

        foreach (byte b in data)
        {
            sum = BitOperations.Crc32C(sum, b);
        }

        return sum;
    }
}
