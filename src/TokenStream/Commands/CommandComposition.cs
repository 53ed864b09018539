namespace TokenStream.Commands;

/// <summary>
/// What the commands that match a request ask together, the most restrictive first: kill, cache_only, throttle and lease (every
/// one must let pass), trim_output (the smallest), route_to (of the narrowest scope).
/// </summary>
/// <remarks>
/// An <see cref="CommandAction.Allow"/> in force lifts the automatic commands from its scope, and nothing that a person has ordered. It is
/// looked for on the request as it came; a route's target cannot lift anything. Routes go one hop: a request that is served elsewhere than
/// it asked is not routed again, so that no two routes can form a cycle. A target that is killed, or served from the cache only, is passed
/// over for the next narrowest route; all other commands on it count for the request.
/// </remarks>
public static class CommandComposition
{
    /// <summary>
    /// Composes the commands in force; the throttles and leases among them are left in <paramref name="matches"/>, the narrowest first.
    /// </summary>
    public static ComposedCommands Compose(CommandIndex index, in RequestDimensions request, long nowMs, CommandMatches matches)
    {
        index.Match(in request, nowMs, matches);
        return matches.Count switch
        {
            0 => default,
            1 when index[matches[0]].Action is not CommandAction.RouteTo => ComposeOne(index[matches[0]], matches),
            _ => ComposeFound(index, in request, nowMs, matches),
        };
    }

    /// <summary>The usual case by itself, without the passes that several commands need.</summary>
    private static ComposedCommands ComposeOne(Command command, CommandMatches matches)
    {
        if (command.Action is not (CommandAction.Throttle or CommandAction.Lease))
        {
            matches.Clear();
        }

        return command.Action switch
        {
            CommandAction.Kill => new ComposedCommands { Kill = command, AbortsStreams = command.Parameters.AbortStreams },
            CommandAction.CacheOnly => new ComposedCommands { CacheOnly = command },
            CommandAction.TrimOutput => new ComposedCommands { Trim = command },
            _ => default,
        };
    }

    private static ComposedCommands ComposeFound(CommandIndex index, in RequestDimensions request, long nowMs, CommandMatches matches)
    {
        var isExempt = Lift(index, matches);
        var composed = Restrict(index, matches);
        if (composed.Kill is not null || composed.CacheOnly is not null)
        {
            matches.Clear();
            return composed;
        }

        if (composed.Route is not null)
        {
            var route = request.IsServedElsewhere ? null : Route(index, in request, nowMs, matches, isExempt);
            if (route is not null)
            {
                var routed = request.ServedBy(route.Parameters.Provider, route.Parameters.Model!);
                index.Match(in routed, nowMs, matches);
                Exempt(index, matches, isExempt);
                composed = Restrict(index, matches);
            }

            composed = composed with { Route = route };
        }

        KeepCharges(index, matches);
        return composed;
    }

    /// <summary>The narrowest route whose target may be used; null where the request asks for the narrowest one's target already.</summary>
    private static Command? Route(CommandIndex index, in RequestDimensions request, long nowMs, CommandMatches matches, bool isExempt)
    {
        var tried = -1;
        while (true)
        {
            var ordinal = int.MaxValue;
            foreach (var candidate in matches.Ordinals)
            {
                ordinal = candidate > tried && index[candidate].Action == CommandAction.RouteTo ? Math.Min(ordinal, candidate) : ordinal;
            }

            if (ordinal == int.MaxValue)
            {
                return null;
            }

            tried = ordinal;
            var command = index[ordinal];
            var routed = request.ServedBy(command.Parameters.Provider, command.Parameters.Model!);
            if (!routed.IsServedElsewhere)
            {
                return null;
            }

            index.Match(in routed, nowMs, matches);
            Exempt(index, matches, isExempt);
            var target = Restrict(index, matches);
            if (target.Kill is null && target.CacheOnly is null)
            {
                return command;
            }

            index.Match(in request, nowMs, matches);
            Exempt(index, matches, isExempt);
        }
    }

    /// <summary>Applies the allows among the matches; true where one is.</summary>
    private static bool Lift(CommandIndex index, CommandMatches matches)
    {
        foreach (var ordinal in matches.Ordinals)
        {
            if (index[ordinal].Action == CommandAction.Allow)
            {
                Exempt(index, matches, isExempt: true);
                return true;
            }
        }

        return false;
    }

    private static void Exempt(CommandIndex index, CommandMatches matches, bool isExempt)
    {
        for (var i = matches.Count - 1; isExempt && i >= 0; i--)
        {
            if (!index[matches[i]].IsManual)
            {
                matches.RemoveAt(i);
            }
        }
    }

    private static ComposedCommands Restrict(CommandIndex index, CommandMatches matches)
    {
        int kill = int.MaxValue, cacheOnly = int.MaxValue, trim = int.MaxValue, route = int.MaxValue;
        var aborts = false;
        foreach (var ordinal in matches.Ordinals)
        {
            var command = index[ordinal];
            switch (command.Action)
            {
                case CommandAction.Kill:
                    kill = Math.Min(kill, ordinal);
                    aborts |= command.Parameters.AbortStreams;
                    break;
                case CommandAction.CacheOnly:
                    cacheOnly = Math.Min(cacheOnly, ordinal);
                    break;
                case CommandAction.TrimOutput:
                    trim = trim == int.MaxValue || IsSmaller(index, ordinal, trim) ? ordinal : trim;
                    break;
                case CommandAction.RouteTo:
                    route = Math.Min(route, ordinal);
                    break;
            }
        }

        return new ComposedCommands
        {
            Kill = At(index, kill),
            AbortsStreams = aborts,
            CacheOnly = kill == int.MaxValue ? At(index, cacheOnly) : null,
            Trim = kill == int.MaxValue && cacheOnly == int.MaxValue ? At(index, trim) : null,
            Route = kill == int.MaxValue && cacheOnly == int.MaxValue ? At(index, route) : null,
        };
    }

    private static bool IsSmaller(CommandIndex index, int ordinal, int than)
    {
        var (one, other) = (index[ordinal].Parameters.MaxOutputTokens, index[than].Parameters.MaxOutputTokens);
        return one < other || (one == other && ordinal < than);
    }

    private static Command? At(CommandIndex index, int ordinal) => ordinal == int.MaxValue ? null : index[ordinal];

    private static void KeepCharges(CommandIndex index, CommandMatches matches)
    {
        for (var i = matches.Count - 1; i >= 0; i--)
        {
            if (index[matches[i]].Action is not (CommandAction.Throttle or CommandAction.Lease))
            {
                matches.RemoveAt(i);
            }
        }

        matches.Sort();
    }
}
