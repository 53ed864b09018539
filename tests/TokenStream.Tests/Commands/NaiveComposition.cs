using TokenStream.Commands;
using TokenStream.Scopes;

namespace TokenStream.Tests.Commands;

/// <summary>Composition by definition: every command is looked at, nothing is indexed.</summary>
internal static class NaiveComposition
{
    public sealed record Result(Command? Kill, bool Aborts, Command? CacheOnly, long? Limit, Command? Route, IReadOnlyList<string> Charges);

    public static Result Compose(IReadOnlyList<Command> commands, RequestDimensions request, long nowMs)
    {
        var views = new List<RequestDimensions> { request, request.AsServed() };
        var exempt = commands.Any(c => c.Action == CommandAction.Allow && InForce(c, nowMs) && views.Exists(view => Matches(c, view)));
        List<Command> Found(IEnumerable<RequestDimensions> seen) =>
            [.. commands.Where(c => c.Action is not (CommandAction.None or CommandAction.Allow) && InForce(c, nowMs) && (!exempt || c.IsManual) &&
                seen.Any(view => Matches(c, view)))];
        var found = Found(views);
        if (found.Exists(c => c.Action is CommandAction.Kill or CommandAction.CacheOnly))
        {
            var kills = found.Where(c => c.Action == CommandAction.Kill).ToList();
            return kills.Count > 0
                ? new Result(Narrowest(kills)[0], kills.Exists(c => c.Parameters.AbortStreams), null, null, null, [])
                : new Result(null, false, Narrowest(found.Where(c => c.Action == CommandAction.CacheOnly))[0], null, null, []);
        }

        Command? route = null;
        if (!request.IsServedElsewhere)
        {
            foreach (var candidate in Narrowest(found.Where(c => c.Action == CommandAction.RouteTo)))
            {
                var routed = request.ServedBy(candidate.Parameters.Provider, candidate.Parameters.Model!);
                if (!routed.IsServedElsewhere)
                {
                    break;
                }

                if (!Found([routed.AsServed()]).Exists(c => c.Action is CommandAction.Kill or CommandAction.CacheOnly))
                {
                    route = candidate;
                    found = Found([request, routed.AsServed()]);
                    break;
                }
            }
        }

        var limits = found.Where(c => c.Action == CommandAction.TrimOutput).Select(c => c.Parameters.MaxOutputTokens).ToList();
        return new Result(
            null,
            false,
            null,
            limits.Count > 0 ? limits.Min() : null,
            route,
            [.. found.Where(c => c.Action is CommandAction.Throttle or CommandAction.Lease).Select(c => c.Key).Order(StringComparer.Ordinal)]);
    }

    private static bool InForce(Command command, long nowMs) => command.ExpiresMs is not { } expires || nowMs < expires;

    private static bool Matches(Command command, RequestDimensions view)
    {
        for (var dimension = ScopeDimension.Environment; dimension <= ScopeDimension.User; dimension++)
        {
            if (!command.Scope[dimension].Matches(view[dimension]))
            {
                return false;
            }
        }

        return command.Scope[ScopeDimension.Organisation].Kind == ScopeTermKind.Any || command.Tenants.Contains(view[ScopeDimension.Tenant]);
    }

    private static List<Command> Narrowest(IEnumerable<Command> commands)
    {
        static int Of(Command command, params ScopeTermKind[] kinds) =>
            Enum.GetValues<ScopeDimension>().Count(dimension => kinds.Contains(command.Scope[dimension].Kind));
        return [.. commands.OrderBy(c => -Of(c, ScopeTermKind.Exact, ScopeTermKind.Glob)).ThenBy(c => -Of(c, ScopeTermKind.Exact))
            .ThenBy(c => c.IsManual ? 0 : 1).ThenBy(c => c.Key, StringComparer.Ordinal)];
    }
}
