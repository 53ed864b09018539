using System.Buffers;

namespace TokenStream.Broker.Log;

/// <summary>Pooled output of a decoder that grows up to a bound.</summary>
internal sealed class DecodedBuffer : IDisposable
{
    private readonly int _limit;
    private byte[] _array;

    public DecodedBuffer(int expected, int limit)
    {
        _limit = limit;
        _array = ArrayPool<byte>.Shared.Rent(Math.Clamp(expected, 256, limit));
    }

    public int Length { get; private set; }

    /// <summary>Room for <paramref name="count"/> more bytes; they count when they are <see cref="Advance"/>d.</summary>
    /// <returns>False where the bound would be passed.</returns>
    public bool TryReserve(int count, out Span<byte> room)
    {
        room = default;
        long needed = (long)Length + count;
        if (count < 0 || needed > _limit)
        {
            return false;
        }

        if (needed > _array.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(_limit, Math.Max(needed, 2L * _array.Length)));
            _array.AsSpan(0, Length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_array);
            _array = larger;
        }

        room = _array.AsSpan(Length, count);
        return true;
    }

    public void Advance(int count) => Length += count;

    /// <summary>Appends bytes already written, from <paramref name="distance"/> back; they may overlap what they produce, as both block
    /// formats use it for runs.</summary>
    public bool TryRepeat(int distance, int count, out bool isLegal)
    {
        isLegal = distance > 0 && distance <= Length;
        if (!isLegal || !TryReserve(count, out _))
        {
            return false;
        }

        byte[] array = _array;
        int from = Length - distance;
        if (distance >= count)
        {
            array.AsSpan(from, count).CopyTo(array.AsSpan(Length));
        }
        else
        {
            for (int i = 0; i < count; i++)
            {
                array[Length + i] = array[from + i];
            }
        }

        Length += count;
        return true;
    }

    public (byte[] Array, int Length) Take()
    {
        byte[] array = _array;
        _array = [];
        return (array, Length);
    }

    public void Dispose()
    {
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
            _array = [];
        }
    }
}
