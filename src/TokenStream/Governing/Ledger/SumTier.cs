using TokenStream.Windowing;

namespace TokenStream.Governing.Ledger;

/// <summary>
/// Running sums of a scope at the multiples of a step: the sample at a time is the sum of all windows that begin before it. So the sum over a
/// span is a difference of two samples, however long the span, and a value that replaces another changes only the samples after its window.
/// Samples after the newest have the running total, those before the oldest what it has.
/// </summary>
internal sealed class SumTier(long stepMs)
{
    /// <summary>No tier keeps more: 40 days of ten minutes are a tenth of it.</summary>
    public const int MostSamples = 65_536;

    private const int LeastCapacity = 8;

    private readonly CumulativeColumn?[] _columns = new CumulativeColumn?[SumColumns.Count];
    private int _capacity;
    private int _start;
    private int _count;
    private long _first;

    public long StepMs { get; } = stepMs;

    /// <summary>Which columns are kept; of others nothing is known.</summary>
    public int Wanted { get; private set; }

    /// <summary>Most samples that are kept.</summary>
    public int Limit { get; private set; }

    /// <summary>Samples kept.</summary>
    public int Count => _count;

    /// <summary>Time of the oldest sample.</summary>
    public long FirstMs => _first * StepMs;

    /// <summary>Time of the newest sample.</summary>
    public long LastMs => (_first + _count - 1) * StepMs;

    public long Bytes => _columns.Sum(column => column?.Bytes ?? 0);

    /// <summary>Keeps these columns too, over so long at least.</summary>
    public void Want(int columns, long spanMs)
    {
        Wanted |= columns;
        Limit = Math.Clamp(checked((int)((spanMs + StepMs - 1) / StepMs) + 2), Limit, MostSamples);
    }

    /// <summary>Books a change of a window's sums.</summary>
    /// <param name="total">The running total before the change.</param>
    public void Add(long windowMs, in SpendMeasures change, in SpendMeasures total)
    {
        if (Wanted == 0)
        {
            return;
        }

        var at = (windowMs / StepMs) + 1;
        Cover(at, total);
        for (var column = 0; column < SumColumns.Count; column++)
        {
            if ((Wanted >> column & 1) == 0 || SumColumns.Of(change, (SumColumn)column) is var amount && amount == 0)
            {
                continue;
            }

            var values = _columns[column] ??= new CumulativeColumn(_capacity, SumColumns.Of(total, (SumColumn)column));
            for (var sample = Math.Max(at - _first, 0); sample < _count; sample++)
            {
                values[Slot(sample)] += amount;
            }
        }
    }

    /// <summary>The sum of all windows that begin before a time, which is rounded down to the step.</summary>
    /// <param name="total">The running total.</param>
    public Int128 Before(long timeMs, SumColumn column, in SpendMeasures total)
    {
        var sample = (timeMs / StepMs) - _first;
        return _count == 0 || sample >= _count || _columns[(int)column] is not { } values
            ? SumColumns.Of(total, column)
            : values[Slot(Math.Max(sample, 0))];
    }

    /// <summary>Takes up what a snapshot kept: samples from a time on, column by column.</summary>
    public void Restore(long firstMs, int count, IReadOnlyList<(SumColumn Column, Int128[] Samples)> columns)
    {
        (_first, _count, _start, _capacity) = (firstMs / StepMs, count, 0, Math.Max(count, LeastCapacity));
        Limit = Math.Max(Limit, count);
        foreach (var (column, samples) in columns)
        {
            Wanted |= 1 << (int)column;
            var values = _columns[(int)column] = new CumulativeColumn(_capacity, 0);
            for (var i = 0; i < samples.Length; i++)
            {
                values[i] = samples[i];
            }
        }
    }

    /// <summary>Whether a column has ever changed; the sum over any span of one that has not is 0.</summary>
    public bool Has(SumColumn column) => _columns[(int)column] is not null;

    /// <summary>The columns that hold samples.</summary>
    public IEnumerable<SumColumn> Columns => Enumerable.Range(0, SumColumns.Count).Where(i => _columns[i] is not null).Select(i => (SumColumn)i);

    /// <summary>A sample by its place, the oldest first.</summary>
    public Int128 Sample(SumColumn column, int place) => _columns[(int)column]![Slot(place)];

    /// <summary>Makes the samples reach from before a window to after it.</summary>
    private void Cover(long at, in SpendMeasures total)
    {
        if (_count == 0)
        {
            _first = at - 1;
            Grow(1);
            _count = 1;
            Fill(0, total);
        }

        if (at - (_first + _count) >= Limit)
        {
            // Nothing that is kept would remain: begin anew.
            (_first, _start, _count) = (at - 1, 0, 1);
            Fill(0, total);
        }

        while (at >= _first + _count)
        {
            if (_count == Limit)
            {
                _start = (_start + 1) % _capacity;
                _first++;
                _count--;
            }

            Grow(_count + 1);
            _count++;
            Fill(_count - 1, total);
        }

        while (at <= _first && _count < Limit && _first - at < Limit)
        {
            // Nothing came before the oldest sample, so an older one is equal to it.
            Grow(_count + 1);
            _start = (_start + _capacity - 1) % _capacity;
            _first--;
            _count++;
            foreach (var column in _columns)
            {
                if (column is not null)
                {
                    column[_start] = column[Slot(1)];
                }
            }
        }
    }

    private void Fill(long sample, in SpendMeasures total)
    {
        for (var column = 0; column < SumColumns.Count; column++)
        {
            if (_columns[column] is { } values)
            {
                values[Slot(sample)] = SumColumns.Of(total, (SumColumn)column);
            }
        }
    }

    private void Grow(int count)
    {
        if (count <= _capacity)
        {
            return;
        }

        var capacity = Math.Max(LeastCapacity, Math.Min(Limit, _capacity * 2));
        foreach (var column in _columns)
        {
            column?.Resize(capacity, _start, _count);
        }

        (_capacity, _start) = (capacity, 0);
    }

    private int Slot(long sample)
    {
        // Both are below the capacity; a division here was a tenth of an evaluation.
        var slot = _start + (int)sample;
        return slot >= _capacity ? slot - _capacity : slot;
    }
}
