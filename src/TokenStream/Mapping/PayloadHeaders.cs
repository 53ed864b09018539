using System.Text;

namespace TokenStream.Mapping;

/// <summary>
/// The headers that came with a payload, of a record or a request: names without regard to case, values as bytes. Filled again and again;
/// its memory is kept.
/// </summary>
public sealed class PayloadHeaders
{
    private readonly List<(int Name, int Value, int End)> _headers = [];
    private byte[] _bytes = new byte[512];
    private int _length;

    public int Count => _headers.Count;

    public void Clear()
    {
        _headers.Clear();
        _length = 0;
    }

    /// <summary>The name of a header, as it was sent. Valid until the next <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Name(int header) => _bytes.AsSpan(_headers[header].Name, _headers[header].Value - _headers[header].Name);

    /// <summary>The value of a header. Valid until the next <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Value(int header) => _bytes.AsSpan(_headers[header].Value, _headers[header].End - _headers[header].Value);

    /// <summary>Adds a header; of two with one name the first counts.</summary>
    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var needed = _length + name.Length + value.Length;
        if (needed > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, needed));
        }

        var start = _length;
        name.CopyTo(_bytes.AsSpan(start));
        value.CopyTo(_bytes.AsSpan(start + name.Length));
        _length = needed;
        _headers.Add((start, start + name.Length, needed));
    }

    public void Add(string name, string value) => Add(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));

    /// <summary>The value of a header; false where there is none. Valid until the next <see cref="Clear"/>.</summary>
    public bool TryGet(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        foreach (var (start, middle, end) in _headers)
        {
            if (Ascii.EqualsIgnoreCase(name, _bytes.AsSpan(start, middle - start)))
            {
                value = _bytes.AsSpan(middle, end - middle);
                return true;
            }
        }

        value = default;
        return false;
    }
}
