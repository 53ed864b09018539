using TokenStream.Commands;
using TokenStream.Governing.Alerts;
using TokenStream.Governing.Ladders;

namespace TokenStream.Governing;

/// <summary>What a governor does, in words for people.</summary>
internal static class GovernorWords
{
    public static string Name(TransitionKind kind) => kind switch
    {
        TransitionKind.Issued => "issued",
        TransitionKind.WouldIssue => "would_issue",
        TransitionKind.WouldRelease => "would_release",
        _ => "released",
    };

    public static string Verb(LadderMove move) => move switch
    {
        LadderMove.Tripped => "takes",
        LadderMove.TrippedAgain => "takes again",
        LadderMove.Escalated => "goes on to",
        LadderMove.Probing => "tries a release with",
        LadderMove.ProbeFailed => "goes back to",
        LadderMove.SteppedDown => "goes down to",
        _ => "changes to",
    };

    public static string Word(Command command) => command.Action switch
    {
        CommandAction.Kill => "kill",
        CommandAction.CacheOnly => "cache_only",
        CommandAction.Throttle => command.IsProbe ? "a probing throttle" : "throttle",
        CommandAction.TrimOutput => "trim_output",
        CommandAction.RouteTo => "route_to",
        CommandAction.Allow => "allow",
        CommandAction.Lease => "lease",
        _ => "nothing",
    };
}
