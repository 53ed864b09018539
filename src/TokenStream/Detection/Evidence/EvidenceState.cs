using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TokenStream.Detection.Evidence;

/// <summary>What is remembered of a series beside its season. All zero is a series without points.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct EvidenceState
{
    public const int Short = 10;

    /// <summary>Newest values, errors of predicting them, and levels after them; the newest last.</summary>
    public ShortRing Values;
    public ShortRing Errors;
    public ShortRing Levels;

    public EvidenceTail FluctuationTail;
    public EvidenceTail LevelTail;
    public EvidenceTail ExcessTail;
    public EvidenceTail ShortfallTail;

    public long Step;
    public double Season;
    public double SlotSum;
    public double Mean;
    public double Variance;
    public double LongRun;

    /// <summary>Values seen in all.</summary>
    public int Seen;
    public int Missing;
    public int SlotCount;
    public short Slot;
    public byte Row;
    public byte HasStep;
}

[InlineArray(EvidenceState.Short)]
internal struct ShortRingValues
{
    private double _first;
}

/// <summary>The last ten numbers, oldest first.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct ShortRing
{
    private ShortRingValues _values;
    private int _count;

    public readonly int Count => _count;

    public readonly bool IsFull => _count == EvidenceState.Short;

    [UnscopedRef]
    public readonly ReadOnlySpan<double> Numbers => ((ReadOnlySpan<double>)_values)[.._count];

    /// <summary>The one so many back; 1 is the newest.</summary>
    public readonly double Back(int count) => _values[_count - count];

    public void Clear()
    {
        _values = default;
        _count = 0;
    }

    public void Add(double number)
    {
        if (_count < EvidenceState.Short)
        {
            _values[_count++] = number;
            return;
        }

        Span<double> values = _values;
        values[1..].CopyTo(values);
        values[^1] = number;
    }
}
