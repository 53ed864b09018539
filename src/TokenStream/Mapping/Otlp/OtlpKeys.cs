using System.Text;

namespace TokenStream.Mapping.Otlp;

/// <summary>
/// The attributes that are looked for, each with a number; what has none is skipped while a payload is read. Attributes of spans and
/// resources share their numbers. Span events are known by the time of the first of a name, and by attributes of their own.
/// </summary>
internal sealed class OtlpKeys
{
    private readonly List<string> _names = [""];
    private readonly Dictionary<string, int> _numbers = [];
    private readonly OtlpNames _attributes = new();
    private readonly OtlpNames _events = new();
    private readonly OtlpNames _eventAttributes = new();

    /// <summary>One more than the highest number.</summary>
    public int Count => _names.Count;

    /// <summary>What a number stands for, as people write it.</summary>
    public string Name(int key) => _names[key];

    /// <summary>The number of an attribute; the same attribute has one number.</summary>
    public int Add(string name) => Add(name, name, _attributes);

    /// <summary>Adds each attribute, in the order given: aliases, of which the first that is there counts.</summary>
    public int[] AddAll(params IEnumerable<string> names) => [.. names.Select(Add)];

    /// <summary>All attributes that begin and end so share one number; of several in one span the first is kept.</summary>
    public int AddPattern(string prefix, string suffix)
    {
        var number = New($"{prefix}*{suffix}", out var isNew);
        if (isNew)
        {
            _attributes.AddPattern(Encoding.UTF8.GetBytes(prefix), Encoding.UTF8.GetBytes(suffix), number);
        }

        return number;
    }

    /// <summary>The time of a span's first event of a name: an integer, nanoseconds since the Unix epoch.</summary>
    public int AddEvent(string name) => Add($"event {name}", name, _events);

    /// <summary>An attribute of any of a span's events; the first is kept.</summary>
    public int AddEventAttribute(string name) => Add($"event's {name}", name, _eventAttributes);

    public int Find(ReadOnlySpan<byte> name) => _attributes.Find(name);

    public int FindEvent(ReadOnlySpan<byte> name) => _events.Find(name);

    public int FindEventAttribute(ReadOnlySpan<byte> name) => _eventAttributes.Find(name);

    private int Add(string name, string attribute, OtlpNames names)
    {
        var number = New(name, out var isNew);
        if (isNew)
        {
            names.Add(Encoding.UTF8.GetBytes(attribute), number);
        }

        return number;
    }

    private int New(string name, out bool isNew)
    {
        isNew = _numbers.TryAdd(name, _names.Count);
        if (isNew)
        {
            _names.Add(name);
        }

        return _numbers[name];
    }
}
