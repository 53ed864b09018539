using TokenStream.Mapping.ProviderUsage;

namespace TokenStream.Mapping.CloudEvents;

/// <summary>What the data of a CloudEvent say of tokens, and how they count.</summary>
internal readonly struct CloudEventUsage
{
    public bool IsThere { get; init; }

    /// <summary>The class of its tokens, where it has one only.</summary>
    public TokenClass Class { get; init; }

    public ReportedUsage Reported { get; init; }

    public UsagePaths Paths { get; init; }

    public Convention Convention { get; init; }

    /// <summary>Who serves where the data do not name it, as far as one can see.</summary>
    public Maker Provider { get; init; }

    /// <summary>How sure the counts can be at best, whatever the convention says.</summary>
    public Standing AtBest { get; init; }

    /// <summary>
    /// Finds the counts: those of one class, a provider's usage object, totals, or none where provider and model are named all the same.
    /// What is no count is refused.
    /// </summary>
    public static CloudEventUsage Find(ref ItemReading item, CloudEventPaths paths, JsonPathReader values)
    {
        var model = item.Text(paths.Model);
        var isNamed = values.FirstWithValue(paths.Provider) != 0;
        var family = Makers.OfModel(model);
        var provider = isNamed ? Makers.OfProvider(item.Text(paths.Provider)) : family;
        var assumed = isNamed ? Standing.Exact : Standing.Assumed;
        var tokens = TokenClasses.Of(item.Text(paths.TokenClass), out var isDocumented);
        if (tokens != TokenClass.None && values.FirstWithValue(paths.Tokens) != 0)
        {
            var count = default(TokenCount);
            item.TryCount(paths.Tokens, ref count);
            return new CloudEventUsage
            {
                IsThere = true, Class = tokens, Reported = TokenClasses.Increment(tokens, count), Paths = paths.Totals,
                Convention = Conventions.OfTokenClasses.Of(provider.Name()), Provider = family,
                AtBest = isDocumented ? assumed : Standing.Assumed,
            };
        }

        foreach (var gemini in paths.Gemini)
        {
            if (item.IsCounted(gemini))
            {
                return OfProvider(ref item, gemini, Maker.Gemini, isNamed ? provider : Maker.Gemini, family, assumed);
            }
        }

        if (item.IsCounted(paths.Usage))
        {
            var shape = Shape(paths, values, provider);
            return OfProvider(ref item, paths.Usage, shape, isNamed ? provider : shape, family, assumed);
        }

        if (item.IsCounted(paths.Totals))
        {
            return OfTotals(ref item, paths, provider, family, assumed);
        }

        // Who served which model is told, and nothing of usage: an answer without it.
        return new CloudEventUsage
        {
            IsThere = !model.IsEmpty && (values[paths.UsageNode].Kind != JsonKind.Absent || isNamed), Paths = paths.Usage,
            Convention = Conventions.OfCloudEvents.Of(provider.Name()), Provider = family,
        };
    }

    private static CloudEventUsage OfProvider(
        ref ItemReading item, UsagePaths usage, Maker shape, Maker provider, Maker family, Standing assumed)
    {
        ReportedUsage reported = default;
        item.TryReport(usage, ref reported);

        // What somebody else writes in OpenAI's shape is the default of all; every other shape counts as whoever has it counts.
        var isOther = provider != shape;
        return new CloudEventUsage
        {
            IsThere = true, Reported = reported, Paths = usage,
            Convention = Conventions.OfCloudEvents.Of(isOther && shape == Maker.OpenAi ? default : shape.Name()),
            Provider = family == Maker.None ? shape : family, AtBest = isOther ? Standing.Assumed : assumed,
        };
    }

    private static CloudEventUsage OfTotals(ref ItemReading item, CloudEventPaths paths, Maker provider, Maker family, Standing assumed)
    {
        ReportedUsage reported = default;
        item.TryReport(paths.Totals, ref reported);
        var convention = Conventions.OfCloudEventTotals.Of(provider.Name());

        // Whoever writes totals leaves out what is cached; where the input is without it, the input itself is too low.
        var lost = reported.CacheRead.IsKnown ? Standing.Exact
            : convention.Cache == Includes.No ? Standing.BoundInput
            : Standing.BoundCached;
        return new CloudEventUsage
        {
            IsThere = true, Reported = reported, Paths = paths.Totals, Convention = convention, Provider = family,
            AtBest = Convention.Later(lost, assumed),
        };
    }

    /// <summary>Whose usage object it is, by its names and, where these are of two, by who serves.</summary>
    private static Maker Shape(CloudEventPaths paths, JsonPathReader values, Maker provider) =>
        HasAny(values, paths.OfOpenAi) || HasAny(values, paths.OfResponses) ? Maker.OpenAi
        : HasAny(values, paths.OfBedrock) ? Maker.Bedrock
        : HasAny(values, paths.OfAnthropic) || provider == Maker.Anthropic ? Maker.Anthropic
        : Maker.OpenAi;

    private static bool HasAny(JsonPathReader values, int[] nodes)
    {
        foreach (var node in nodes)
        {
            if (values[node].Kind != JsonKind.Absent)
            {
                return true;
            }
        }

        return false;
    }
}
