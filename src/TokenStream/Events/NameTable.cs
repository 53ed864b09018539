using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TokenStream.Events;

/// <summary>
/// Gives UTF-8 names dense numbers: the same name gets the same number until <see cref="Clear"/>. The empty name is always number 0.
/// Numbers are only a cache: nothing that is published may depend on them. One thread at a time. A name found costs one cache line and no
/// allocation.
/// </summary>
public sealed unsafe class NameTable : IDisposable
{
    /// <summary>The empty name's number.</summary>
    public const int Empty = 0;

    /// <summary>What <see cref="Id"/> answers for a new name where the table is full, and <see cref="Find"/> for an unknown one.</summary>
    public const int None = -1;

    private const int InlineBytes = 48;
    private const int SlotBytes = 64;
    private const int ArenaBlockBytes = 64 * 1024;

    private readonly int _limit;
    private readonly List<nint> _arena = [];
    private Slot* _slots;
    private int _mask;
    private int[] _slotOfId;
    private int _arenaUsed = ArenaBlockBytes;
    private bool _disposed;

    /// <param name="limit">Most names, the empty one included; beyond it new names get <see cref="None"/>.</param>
    /// <param name="capacity">Names to have room for at once, so that the table need not grow.</param>
    public NameTable(int limit, int capacity = 512)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, 1 << 29);
        _limit = limit;
        var slots = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, Math.Min(capacity, limit) * 2));
        _slotOfId = new int[slots / 2];
        Allocate(slots);
        Clear();
    }

    ~NameTable() => Free();

    /// <summary>Number of names, the empty one included; they are numbered from 0 to Count - 1.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of memory held.</summary>
    public long BytesUsed =>
        ((long)(_mask + 1) * SlotBytes) + ((long)_slotOfId.Length * sizeof(int)) + ((long)_arena.Count * ArenaBlockBytes);

    /// <summary>
    /// The number of a name, a new one where it has none; <see cref="None"/> where it is new and the table is full. A name has at most
    /// 65,536 bytes.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Id(ReadOnlySpan<byte> name)
    {
        var hash = StableHash.Hash(name);
        var slot = Seek(name, hash);
        return slot->Id != None ? slot->Id : Add(name, hash);
    }

    /// <summary>The number of a name; <see cref="None"/> where it has none.</summary>
    public int Find(ReadOnlySpan<byte> name) => Seek(name, StableHash.Hash(name))->Id;

    /// <summary>The name of a number. Valid until the table is cleared, grows or is disposed of.</summary>
    public ReadOnlySpan<byte> Name(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, Count);
        var slot = _slots + _slotOfId[id];
        return new ReadOnlySpan<byte>(Bytes(slot), slot->Length);
    }

    /// <summary>The <see cref="StableHash"/> of a number's name, without reading the name.</summary>
    public ulong Hash(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, Count);
        return _slots[_slotOfId[id]].Hash;
    }

    /// <summary>Forgets all names but the empty one. The memory of the slots is kept, that of long names is given back.</summary>
    public void Clear()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        FreeArena();
        Count = 0;
        Blank(_slots, _mask + 1);
        Add([], StableHash.Hash([]));
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>The slot that holds the name, or the free one where it would go.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Slot* Seek(ReadOnlySpan<byte> name, ulong hash)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var at = unchecked((int)hash) & _mask;
        while (true)
        {
            var slot = _slots + at;
            if (slot->Id == None || (slot->Hash == hash && slot->Length == name.Length && IsSame(name, Bytes(slot))))
            {
                return slot;
            }

            at = (at + 1) & _mask;
        }
    }

    /// <summary>
    /// Compares by two overlapping words or vectors where the length allows it: most names take one of the first two branches.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsSame(ReadOnlySpan<byte> name, byte* bytes)
    {
        ref var first = ref MemoryMarshal.GetReference(name);
        var length = name.Length;
        if (length is >= 8 and <= 16)
        {
            var head = Unsafe.ReadUnaligned<ulong>(ref first) ^ *(ulong*)bytes;
            var tail = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, length - 8)) ^ *(ulong*)(bytes + length - 8);
            return (head | tail) == 0;
        }

        if (length is > 16 and <= 32)
        {
            var head = Vector128.LoadUnsafe(ref first) ^ Vector128.Load(bytes);
            var tail = Vector128.LoadUnsafe(ref first, (nuint)(length - 16)) ^ Vector128.Load(bytes + length - 16);
            return (head | tail) == Vector128<byte>.Zero;
        }

        return name.SequenceEqual(new ReadOnlySpan<byte>(bytes, length));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Add(ReadOnlySpan<byte> name, ulong hash)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, ArenaBlockBytes, nameof(name));
        if (Count == _limit)
        {
            return None;
        }

        if (Count == _slotOfId.Length)
        {
            Grow();
        }

        var slot = Seek(name, hash);
        slot->Hash = hash;
        slot->Length = name.Length;
        slot->Id = Count;
        if (name.Length > InlineBytes)
        {
            *(byte**)slot->Inline = ArenaBytes(name.Length);
        }

        name.CopyTo(new Span<byte>(Bytes(slot), name.Length));
        _slotOfId[Count] = (int)(slot - _slots);
        return Count++;
    }

    private static byte* Bytes(Slot* slot) => slot->Length <= InlineBytes ? slot->Inline : *(byte**)slot->Inline;

    private byte* ArenaBytes(int length)
    {
        if (_arenaUsed + length > ArenaBlockBytes)
        {
            _arena.Add((nint)NativeMemory.Alloc(ArenaBlockBytes));
            _arenaUsed = 0;
        }

        var bytes = (byte*)_arena[^1] + _arenaUsed;
        _arenaUsed += length;
        return bytes;
    }

    private void Grow()
    {
        var old = _slots;
        var count = _mask + 1;
        Allocate(count * 2);
        Array.Resize(ref _slotOfId, count);
        for (var id = 0; id < Count; id++)
        {
            var from = old + _slotOfId[id];
            var at = unchecked((int)from->Hash) & _mask;
            while (_slots[at].Id != None)
            {
                at = (at + 1) & _mask;
            }

            _slots[at] = *from;
            _slotOfId[id] = at;
        }

        NativeMemory.AlignedFree(old);
    }

    private void Allocate(int slots)
    {
        _slots = (Slot*)NativeMemory.AlignedAlloc((nuint)((long)slots * SlotBytes), SlotBytes);
        _mask = slots - 1;
        Blank(_slots, slots);
    }

    private static void Blank(Slot* slots, int count)
    {
        for (var i = 0; i < count; i++)
        {
            slots[i].Id = None;
        }
    }

    private void Free()
    {
        if (!_disposed)
        {
            _disposed = true;
            FreeArena();
            NativeMemory.AlignedFree(_slots);
        }
    }

    private void FreeArena()
    {
        foreach (var block in _arena)
        {
            NativeMemory.Free((void*)block);
        }

        _arena.Clear();
        _arenaUsed = ArenaBlockBytes;
    }

    /// <summary>
    /// One cache line. Names of more than <see cref="InlineBytes"/> have a pointer into the arena in their first inline bytes.
    /// </summary>
    [StructLayout(LayoutKind.Sequential, Size = SlotBytes)]
    private struct Slot
    {
        public fixed byte Inline[InlineBytes];
        public ulong Hash;
        public int Length;
        public int Id;
    }
}
