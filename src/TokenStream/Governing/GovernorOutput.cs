using TokenStream.Commands;
using TokenStream.Governing.Alerts;

namespace TokenStream.Governing;

/// <summary>What a governor has decided since it was asked last.</summary>
/// <param name="Commands">In the order in which they are to be numbered and issued; their versions are not set.</param>
/// <param name="Transitions">What happened, in order.</param>
/// <param name="Tombstones">Keys of commands that were released so long ago that their records may go.</param>
public sealed record GovernorOutput(IReadOnlyList<Command> Commands, IReadOnlyList<BudgetTransition> Transitions, IReadOnlyList<string> Tombstones)
{
    public static GovernorOutput Nothing { get; } = new([], [], []);
}
