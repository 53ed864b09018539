using System.Collections;

namespace TokenStream.Windowing;

/// <summary>The open windows of a partition by start. Few at a time, so the last one used is nearly always the next.</summary>
internal sealed class WindowSet : IEnumerable<WindowTable>
{
    private readonly SortedList<long, WindowTable> _windows = [];
    private readonly Stack<WindowTable> _pool = new();
    private WindowTable? _last;

    public int Count => _windows.Count;

    public int Keys
    {
        get
        {
            var keys = 0;
            foreach (var window in _windows.Values)
            {
                keys += window.Count;
            }

            return keys;
        }
    }

    /// <summary>End of the earliest window; <see cref="long.MaxValue"/> where there is none.</summary>
    public long EarliestEnd(long windowMs) => _windows.Count > 0 ? _windows.GetKeyAtIndex(0) + windowMs : long.MaxValue;

    /// <summary>The window that starts at a time; opened here where it is not.</summary>
    public WindowTable Get(long startMs, LogPoint here)
    {
        if (_last?.StartMs == startMs)
        {
            return _last;
        }

        if (!_windows.TryGetValue(startMs, out var window))
        {
            window = _pool.TryPop(out var pooled) ? pooled : new WindowTable();
            window.Open(startMs, here);
            _windows.Add(startMs, window);
        }

        return _last = window;
    }

    public void RemoveWhere(Predicate<WindowTable> condition)
    {
        for (var i = _windows.Count - 1; i >= 0; i--)
        {
            var window = _windows.GetValueAtIndex(i);
            if (condition(window))
            {
                _windows.RemoveAt(i);
                _pool.Push(window);
            }
        }

        _last = null;
    }

    public IEnumerator<WindowTable> GetEnumerator() => _windows.Values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
