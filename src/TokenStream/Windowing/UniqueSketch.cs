using System.Numerics;

namespace TokenStream.Windowing;

/// <summary>
/// A window's HyperLogLog sketches (P. Flajolet et al., 2007; 4,096 registers): each a list of (register, rank) entries in the arena while
/// it is short, one byte a register afterwards. Named as histograms are: 0 is empty, positive a chunk, negative an index of registers.
/// </summary>
internal sealed class UniqueSketch(SketchArena arena)
{
    private readonly List<byte[]> _registers = [];
    private int _registersUsed;

    public void Add(ref int sketch, ulong hash)
    {
        // The top 12 bits choose the register; the rank counts the leading zeros of the other 52, plus one.
        var register = (int)(hash >> 52);
        var rank = (byte)(BitOperations.LeadingZeroCount((hash << 12) | 0xFFF) + 1);
        if (sketch < 0)
        {
            var registers = _registers[~sketch];
            registers[register] = Math.Max(registers[register], rank);
            return;
        }

        if (sketch == SketchArena.None)
        {
            sketch = arena.Allocate(0);
        }

        var entry = ((uint)register << 8) | rank;
        var count = arena.Count(sketch);
        var entries = arena.Entries(sketch);
        if (entries[..Math.Min(count, 16)].Contains(entry))
        {
            return;
        }

        if (count == entries.Length)
        {
            count = Compact(entries, count);
            arena.SetCount(sketch, count);
            if (count > entries.Length * 3 / 4)
            {
                Grow(ref sketch, count);
                Add(ref sketch, hash);
                return;
            }
        }

        entries[count] = entry;
        arena.SetCount(sketch, count + 1);
    }

    /// <summary>The sketch as ascending registers with their ranks, appended to the lists.</summary>
    public void Read(int sketch, List<ushort> registers, List<byte> ranks)
    {
        if (sketch < 0)
        {
            var all = _registers[~sketch];
            for (var i = 0; i < all.Length; i++)
            {
                if (all[i] != 0)
                {
                    registers.Add((ushort)i);
                    ranks.Add(all[i]);
                }
            }
        }
        else if (sketch != SketchArena.None)
        {
            var entries = arena.Entries(sketch);
            var count = Compact(entries, arena.Count(sketch));
            arena.SetCount(sketch, count);
            foreach (var entry in entries[..count])
            {
                registers.Add((ushort)(entry >> 8));
                ranks.Add((byte)(entry & 0xFF));
            }
        }
    }

    /// <summary>Forgets all sketches; their registers are used again.</summary>
    public void Reset() => _registersUsed = 0;

    private void Grow(ref int sketch, int count)
    {
        var old = sketch;
        var sizeClass = arena.Class(old) + 1;
        if (sizeClass < SketchArena.Classes)
        {
            sketch = arena.Allocate(sizeClass);
            arena.Entries(old)[..count].CopyTo(arena.Entries(sketch));
            arena.SetCount(sketch, count);
        }
        else
        {
            if (_registersUsed == _registers.Count)
            {
                _registers.Add(new byte[SparseRegisters.RegisterCount]);
            }

            var registers = _registers[_registersUsed];
            Array.Clear(registers);
            foreach (var entry in arena.Entries(old)[..count])
            {
                registers[entry >> 8] = (byte)(entry & 0xFF);
            }

            sketch = ~_registersUsed++;
        }

        arena.Free(old);
    }

    /// <summary>Sorts the entries and keeps of each register the largest rank; returns how many are left.</summary>
    private static int Compact(Span<uint> entries, int count)
    {
        var used = entries[..count];
        used.Sort();
        var kept = 0;
        for (var i = 0; i < count; i++)
        {
            if (i + 1 == count || used[i] >> 8 != used[i + 1] >> 8)
            {
                used[kept++] = used[i];
            }
        }

        return kept;
    }
}
