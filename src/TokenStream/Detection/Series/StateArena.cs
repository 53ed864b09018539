namespace TokenStream.Detection.Series;

/// <summary>
/// The states of one detector's series, side by side in large arrays, so that a hundred thousand series are a few hundred objects. A slot
/// that was given back is used again.
/// </summary>
internal sealed class StateArena(int stateBytes)
{
    private const int ChunkBytes = 1 << 20;

    // States begin at multiples of eight bytes: a detector may lay a struct of doubles over them.
    private readonly int _stride = (stateBytes + 7) & ~7;
    private readonly List<byte[]> _chunks = [];
    private readonly Stack<int> _free = new();
    private int _used;

    private int PerChunk => Math.Max(1, ChunkBytes / Math.Max(8, _stride));

    /// <summary>Bytes taken from the machine.</summary>
    public long Bytes => (long)_chunks.Count * PerChunk * _stride;

    public Span<byte> this[int slot] => _chunks[slot / PerChunk].AsSpan(slot % PerChunk * _stride, stateBytes);

    public int Take()
    {
        if (_free.TryPop(out var slot))
        {
            return slot;
        }

        if (_used == _chunks.Count * PerChunk)
        {
            _chunks.Add(GC.AllocateUninitializedArray<byte>(PerChunk * _stride));
        }

        return _used++;
    }

    public void Give(int slot) => _free.Push(slot);
}
