using System.Runtime.InteropServices;

namespace TokenStream.Detection.Evidence;

/// <summary>What <see cref="WitnessDetector"/> remembers beside what it shares with <see cref="EvidenceDetector"/>.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct WitnessState
{
    public EvidenceTail LongExcessTail;
    public EvidenceTail LongShortfallTail;
    public LowRun Low;
}

/// <summary>
/// How improbable a run of low points is: a chain of two states, low and not, whose probabilities of going on low are learnt from the
/// series
/// with a memory of ten days of minutes. A series that often pauses soon finds its pauses ordinary; one that never does is surprised.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct LowRun
{
    private const double Keep = 1 - (1d / 14_400);

    /// <summary>What is supposed of a pause that has begun before any was seen: it goes on with 0.3, as sure as two points would make
    /// it.</summary>
    private const double GoesOn = 0.3;
    private const double Sureness = 2;

    private double _afterHigh;
    private double _lowAfterHigh;
    private double _afterLow;
    private double _lowAfterLow;
    private double _run;
    private int _isLow;

    /// <summary>Takes a point and says -log10 of the probability of the run of low points that it ends; 0 for a point that is not
    /// low.</summary>
    public double Take(bool isLow)
    {
        var begins = (_lowAfterHigh + 0.5) / (_afterHigh + 1);
        var goesOn = Math.Max(begins, (_lowAfterLow + (Sureness * GoesOn)) / (_afterLow + Sureness));
        _run = isLow ? _run - Math.Log10(_isLow != 0 ? goesOn : begins) : 0;
        if (_isLow != 0)
        {
            _afterLow = (_afterLow * Keep) + 1;
            _lowAfterLow = (_lowAfterLow * Keep) + (isLow ? 1 : 0);
        }
        else
        {
            _afterHigh = (_afterHigh * Keep) + 1;
            _lowAfterHigh = (_lowAfterHigh * Keep) + (isLow ? 1 : 0);
        }

        _isLow = isLow ? 1 : 0;
        return _run;
    }

    /// <summary>After a gap nobody knows whether the pause went on.</summary>
    public void Break()
    {
        _run = 0;
        _isLow = 0;
    }
}
