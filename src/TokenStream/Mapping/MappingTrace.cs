namespace TokenStream.Mapping;

/// <summary>How one field of an event came about.</summary>
/// <param name="From">The path it was read at, or what it was made of.</param>
/// <param name="Value">What was written, empty where the field was left out.</param>
public sealed record MappedField(int Item, string Name, string From, string Value);

/// <summary>Notes where each field of the events was read; for people who look at one payload, not for the data path.</summary>
public sealed class MappingTrace
{
    private readonly List<MappedField> _fields = [];

    public IReadOnlyList<MappedField> Fields => _fields;

    internal void Add(MappedField field) => _fields.Add(field);
}
