using System.Runtime.CompilerServices;

namespace TokenStream.Events;

/// <summary>
/// The few layouts that a topic's producers use, learnt from its records. What is in it changes how fast a record is decoded and never the
/// outcome.
/// </summary>
internal sealed class LayoutBook
{
    /// <summary>Most layouts that a record is tried with.</summary>
    public const int Attempts = 2;

    private const int MaxLayouts = 4;

    /// <summary>
    /// The first records without a layout are learnt from at once, later one in so many: learning costs as much as decoding a few
    /// records, and a producer that shuffles its fields must not make every record pay it.
    /// </summary>
    private const int EagerLessons = 8;

    private const int MissesPerLesson = 64;

    private readonly RecordLayout?[] _layouts = new RecordLayout?[MaxLayouts];
    private int _latest;
    private int _lessons;
    private int _misses;

    /// <summary>Records that kept to a layout.</summary>
    public long Hits { get; private set; }

    /// <summary>The layout to try first: the one that fitted last, if the record begins like it; null where none does.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public RecordLayout? First(ReadOnlySpan<byte> record)
    {
        var latest = _layouts[_latest];
        return latest is not null && LayoutReader.Begins(record, latest) ? latest : Next(record, latest);
    }

    /// <summary>Another layout than <paramref name="tried"/> that begins as the record does.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public RecordLayout? Next(ReadOnlySpan<byte> record, RecordLayout? tried)
    {
        for (var i = 0; i < MaxLayouts; i++)
        {
            var layout = _layouts[i];
            if (layout is not null && layout != tried && i != _latest && LayoutReader.Begins(record, layout))
            {
                return layout;
            }
        }

        return null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Hit(RecordLayout layout)
    {
        layout.Hits++;
        Hits++;
        if (_layouts[_latest] != layout)
        {
            _latest = Array.IndexOf(_layouts, layout);
        }
    }

    /// <summary>An accepted record that kept to no layout.</summary>
    public void Miss(ReadOnlySpan<byte> record)
    {
        _misses = (_misses + 1) % MissesPerLesson;
        if (_lessons >= EagerLessons && _misses != 0)
        {
            return;
        }

        _lessons = Math.Min(_lessons + 1, EagerLessons);
        if (RecordLayout.Learn(record) is { } lesson && !TryMerge(lesson))
        {
            Replace(lesson);
        }
    }

    private bool TryMerge(RecordLayout lesson)
    {
        foreach (var layout in _layouts)
        {
            if (layout is not null && layout.TryMerge(lesson))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A new layout takes the place of the one that fitted least lately.</summary>
    private void Replace(RecordLayout lesson)
    {
        var least = 0;
        for (var i = 0; i < MaxLayouts; i++)
        {
            var hits = _layouts[i]?.Hits ?? -1;
            least = hits < (_layouts[least]?.Hits ?? -1) ? i : least;
        }

        _layouts[least] = lesson;
        foreach (var layout in _layouts)
        {
            if (layout is not null)
            {
                layout.Hits /= 2;
            }
        }
    }
}
