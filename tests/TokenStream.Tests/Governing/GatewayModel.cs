using TokenStream.Commands;
using TokenStream.Tests.Governing.Evaluation;
using Xunit;

namespace TokenStream.Tests.Governing;

/// <summary>
/// A gateway that obeys: keeps the last command of each key and says what of a slot's demand they let through. What trimming and routing save
/// is taken as a quarter and a half.
/// </summary>
internal sealed class GatewayModel
{
    private readonly Dictionary<string, Command> _commands = [];

    public void Take(IEnumerable<Command> commands)
    {
        foreach (var command in commands)
        {
            Assert.True(!_commands.TryGetValue(command.Key, out var before) || command.Version > before.Version);
            _commands[command.Key] = command;
        }
    }

    public CommandAction Hardest(long nowMs) =>
        _commands.Values.Where(command => !(command.ExpiresMs <= nowMs)).Select(command => command.Action).DefaultIfEmpty(CommandAction.None).Max();

    /// <summary>The part of a demand, in picodollars a slot, that is served.</summary>
    public Int128 LetThrough(Int128 demand, long nowMs, long slotMs)
    {
        var served = demand;
        foreach (var command in _commands.Values.Where(command => !(command.ExpiresMs <= nowMs)))
        {
            served = command.Action switch
            {
                CommandAction.Kill or CommandAction.CacheOnly => 0,
                CommandAction.Throttle => Int128.Min(served, (command.Parameters.TokensPerMinute ?? 0) * BudgetModel.PicosOfToken * (Int128)slotMs / 60_000),
                CommandAction.TrimOutput => served * 3 / 4,
                CommandAction.RouteTo => served / 2,
                _ => served,
            };
        }

        return served;
    }
}
