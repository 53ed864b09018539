using System.Collections.Concurrent;
using TokenStream.Mapping;

namespace TokenStream.Receiver.Intake;

/// <summary>How mappers of each source are made, once for all threads: what mappers of a source share is shared by all of them.</summary>
/// <param name="attributionOf">What the configuration says of a source; null where it says nothing.</param>
internal sealed class MapperFactories(Func<PayloadSource, AttributionOverride?> attributionOf)
{
    private readonly ConcurrentDictionary<string, Func<IPayloadMapper>> _factories = new(StringComparer.Ordinal);

    public IPayloadMapper Make(PayloadSource source) => _factories.GetOrAdd(
        source.Name,
        static (_, asked) =>
        {
            var attribution = asked.Item2(asked.source)?.Over(asked.source.DefaultAttribution) ?? asked.source.DefaultAttribution;
            return asked.source.Mappers(attribution);
        },
        (source, attributionOf))();
}
