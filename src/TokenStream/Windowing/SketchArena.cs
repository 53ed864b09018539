namespace TokenStream.Windowing;

/// <summary>
/// Memory for the small lists that the sketches of a window's keys begin as: chunks of 4, 16, 64 or 256 words, the first word of a chunk
/// being its size class and its number of entries. A chunk that grew out is used again. Emptied as a whole when the window goes.
/// </summary>
internal sealed class SketchArena
{
    /// <summary>Stands for no chunk: word 0 is never handed out.</summary>
    public const int None = 0;

    public const int Classes = 4;

    private readonly int[] _free = new int[Classes];
    private uint[] _words = new uint[1024];
    private int _used = 1;

    /// <summary>Bytes in use.</summary>
    public long Bytes => _used * 4L;

    public static int Words(int sizeClass) => 4 << (2 * sizeClass);

    public int Class(int chunk) => (int)(_words[chunk] >> 24);

    public int Count(int chunk) => (int)(_words[chunk] & 0xFFFFFF);

    public void SetCount(int chunk, int count) => _words[chunk] = (_words[chunk] & 0xFF000000) | (uint)count;

    /// <summary>The words of a chunk that hold entries.</summary>
    public Span<uint> Entries(int chunk) => _words.AsSpan(chunk + 1, Words(Class(chunk)) - 1);

    public int Allocate(int sizeClass)
    {
        var chunk = _free[sizeClass];
        if (chunk != None)
        {
            _free[sizeClass] = (int)_words[chunk + 1];
        }
        else
        {
            chunk = _used;
            _used += Words(sizeClass);
            if (_used > _words.Length)
            {
                Array.Resize(ref _words, Math.Max(_used, _words.Length * 2));
            }
        }

        _words[chunk] = (uint)sizeClass << 24;
        return chunk;
    }

    public void Free(int chunk)
    {
        var sizeClass = Class(chunk);
        _words[chunk + 1] = (uint)_free[sizeClass];
        _free[sizeClass] = chunk;
    }

    public void Reset()
    {
        Array.Clear(_free);
        _used = 1;
    }
}
