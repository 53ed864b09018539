using System.Runtime.CompilerServices;

namespace TokenStream.Events;

/// <summary>
/// The few layouts that a topic's producers use, learnt from its records. What is in it changes how fast a record is decoded and never the
/// outcome.
/// </summary>
internal sealed class LayoutBook
{
    private const int MaxLayouts = 4;

    /// <summary>
    /// The first records without a layout are learnt from at once, later one in so many: learning costs as much as decoding a few
    /// records, and a producer that shuffles its fields must not make every record pay it.
    /// </summary>
    private const int EagerLessons = 8;

    private const int MissesPerLesson = 64;

    private readonly RecordLayout[] _layouts = new RecordLayout[MaxLayouts];
    private RecordLayout _lesson = new();
    private RecordLayout _spare = new();
    private int _latest;
    private int _lessons;
    private int _misses;

    public LayoutBook()
    {
        for (var i = 0; i < MaxLayouts; i++)
        {
            _layouts[i] = new RecordLayout();
        }
    }

    /// <summary>Records that were read along a layout, with detours or without.</summary>
    public long Hits { get; private set; }

    /// <summary>The layout to read a record along: the one that fitted last, unless the record begins like another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public RecordLayout For(ReadOnlySpan<byte> record)
    {
        var latest = _layouts[_latest];
        return LayoutReader.Begins(record, latest) ? latest : Other(record);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private RecordLayout Other(ReadOnlySpan<byte> record)
    {
        for (var i = 0; i < MaxLayouts; i++)
        {
            if (LayoutReader.Begins(record, _layouts[i]))
            {
                _latest = i;
                break;
            }
        }

        return _layouts[_latest];
    }

    /// <summary>An accepted record that was read along a layout, with a detour for each member that was not the expected one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Read(ReadOnlySpan<byte> record, RecordLayout layout, int detours)
    {
        Hits++;
        if (detours == 0)
        {
            layout.Hits++;
        }
        else
        {
            Miss(record);
        }
    }

    /// <summary>An accepted record that did not keep to a layout.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Miss(ReadOnlySpan<byte> record)
    {
        _misses = (_misses + 1) % MissesPerLesson;
        if (_lessons >= EagerLessons && _misses != 0)
        {
            return;
        }

        _lessons = Math.Min(_lessons + 1, EagerLessons);
        if (_lesson.TryLearn(record) && !TryUnite())
        {
            Replace();
        }
    }

    private bool TryUnite()
    {
        for (var i = 0; i < MaxLayouts; i++)
        {
            if (_spare.TryUnite(_layouts[i], _lesson))
            {
                (_layouts[i], _spare) = (_spare, _layouts[i]);
                return true;
            }
        }

        return false;
    }

    /// <summary>A new layout takes the place of the one that fitted least lately.</summary>
    private void Replace()
    {
        var least = 0;
        for (var i = 0; i < MaxLayouts; i++)
        {
            _layouts[i].Hits /= 2;
            least = _layouts[i].IsLearnt && _layouts[i].Hits >= _layouts[least].Hits ? least : i;
        }

        (_layouts[least], _lesson) = (_lesson, _layouts[least]);
    }
}
