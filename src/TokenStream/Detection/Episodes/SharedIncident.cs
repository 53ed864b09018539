namespace TokenStream.Detection.Episodes;

/// <summary>Alerts of several tenants that began together and are served by one model, or by one provider's.</summary>
/// <param name="Model">Null where no model holds most of them.</param>
/// <param name="Provider">The provider.</param>
/// <param name="Groups">In the order they opened.</param>
internal sealed record SharedIncident(string? Model, string Provider, List<EpisodeGroup> Groups)
{
    /// <summary>The largest of them; null where too few tenants are hit.</summary>
    public static SharedIncident? Find(List<EpisodeGroup> groups, EpisodeOptions options)
    {
        var served = groups
            .OrderBy(group => group.State.OpenedMs)
            .Select(group => (Group: group, Main: group.Tenant.Main(group.Figures.Scope, options.GroupPercent)))
            .Where(pair => pair.Main.Provider is not null)
            .ToList();
        SharedIncident? largest = null;
        foreach (var provider in served.GroupBy(pair => (pair.Group.Environment, pair.Group.Pull, pair.Main.Provider)))
        {
            var all = Together(provider.Select(pair => pair.Group).ToList(), options);
            if (Tenants(all) < options.GroupTenants || (largest is not null && Tenants(all) <= Tenants(largest.Groups)))
            {
                continue;
            }

            largest = new SharedIncident(null, provider.Key.Provider!, all);
            var named = provider.Where(pair => pair.Main.Model is not null && all.Contains(pair.Group));
            foreach (var model in named.GroupBy(pair => pair.Main.Model))
            {
                var ofModel = model.Select(pair => pair.Group).ToList();
                if (Tenants(ofModel) >= options.GroupTenants && Tenants(ofModel) * 100 >= Tenants(all) * options.GroupPercent)
                {
                    largest = new SharedIncident(model.Key, provider.Key.Provider!, ofModel);
                }
            }
        }

        return largest;
    }

    /// <summary>The most tenants' alerts that opened within the span that makes one of them.</summary>
    private static List<EpisodeGroup> Together(List<EpisodeGroup> groups, EpisodeOptions options)
    {
        var best = new List<EpisodeGroup>();
        // By minutes, not by alerts: when a provider fails there are thousands of these and few of those.
        foreach (var firstMs in groups.Select(group => group.State.OpenedMs).Distinct())
        {
            var near = groups.FindAll(group =>
                group.State.OpenedMs >= firstMs && group.State.OpenedMs - firstMs <= options.GroupMinutes * Episode.MinuteMs);
            best = Tenants(near) > Tenants(best) ? near : best;
        }

        return best;
    }

    private static int Tenants(List<EpisodeGroup> groups) => groups.Select(group => group.Tenant).Distinct().Count();
}
