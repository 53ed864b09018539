namespace TokenStream.Detection.Evidence;

/// <summary>Cuts the UTC day into slots of whole steps.</summary>
internal sealed class DayClock
{
    public const int SecondsPerDay = 86_400;

    private readonly int _stepSeconds;
    private readonly int _slotSteps;

    public DayClock(int stepSeconds, int slotsWanted)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(stepSeconds, 1);
        _stepSeconds = stepSeconds;
        PointsPerDay = Math.Max(1, SecondsPerDay / stepSeconds);
        _slotSteps = Math.Max(1, PointsPerDay / slotsWanted);
        Slots = Math.Max(1, PointsPerDay / _slotSteps);
    }

    public int PointsPerDay { get; }

    public int Slots { get; }

    public int SlotOf(long step) => Math.Min(SecondsInto(step) / _stepSeconds / _slotSteps, Slots - 1);

    /// <summary>Midnights between two steps, the second one's included.</summary>
    public long DaysBetween(long from, long to)
    {
        var seconds = ((Int128)(to - from) * _stepSeconds) + SecondsInto(from);
        return (long)(seconds / SecondsPerDay);
    }

    private int SecondsInto(long step)
    {
        var seconds = step % SecondsPerDay * _stepSeconds % SecondsPerDay;
        return (int)(seconds < 0 ? seconds + SecondsPerDay : seconds);
    }
}
