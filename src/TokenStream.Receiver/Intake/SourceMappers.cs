using TokenStream.Mapping;

namespace TokenStream.Receiver.Intake;

/// <summary>The mappers of one thread, each made when its first payload comes, and what they fill.</summary>
internal sealed class SourceMappers(MapperFactories factories)
{
    private readonly Dictionary<string, IPayloadMapper> _mappers = new(StringComparer.Ordinal);

    /// <summary>Headers of the payload at hand.</summary>
    public PayloadHeaders Headers { get; } = new();

    /// <summary>What the payload at hand became.</summary>
    public MappedEvents Events { get; } = new();

    public IPayloadMapper Of(PayloadSource source)
    {
        if (!_mappers.TryGetValue(source.Name, out var mapper))
        {
            mapper = factories.Make(source);
            _mappers.Add(source.Name, mapper);
        }

        return mapper;
    }
}
