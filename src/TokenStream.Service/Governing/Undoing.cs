using TokenStream.Commands;
using TokenStream.Scopes;

namespace TokenStream.Service.Governing;

/// <summary>What became of an undoing: a sentence, or why not.</summary>
internal readonly record struct Undone(string? Said, string? Error);

/// <summary>
/// Undoes a command. A person's is released. An automatic one belongs to its budget, which would send it again: its scope is exempted from
/// automatic commands for a while instead, so that there is time to mend the budget.
/// </summary>
internal static class Undoing
{
    public static async Task<Undone> UndoAsync(
        PeopleRequests requests, IReadOnlyCollection<Command> commands, string id, string reason, string span, Actor actor, TimeProvider clock)
    {
        var command = commands.FirstOrDefault(command => command.Id == id);
        var request = command is { IsManual: true } ? command.Source["manual/".Length..] : id;
        if (command is null or { IsManual: true })
        {
            return await requests.ReleaseAsync(request, reason, actor) is { } released
                ? new Undone($"{released.Id} is released.", null)
                : new Undone(null, $"there is no command or request {id}; `tokenstream commands` lists them.");
        }

        var draft = new RequestDraft
        {
            Action = CommandAction.Allow,
            Scope = Enum.GetValues<ScopeDimension>()
                .Where(dimension => command.Scope[dimension].Kind != ScopeTermKind.Any)
                .ToDictionary(dimension => dimension, dimension => command.Scope[dimension].Text),
            Everything = command.Scope.Equals(Scope.Everything),
            For = span,
            Reason = reason,
        };
        if (draft.Make(clock.GetUtcNow().ToUnixTimeMilliseconds(), name => name, out var errors) is not { } allow)
        {
            return new Undone(null, string.Join("; ", errors));
        }

        await requests.AskAsync(allow, actor);
        return new Undone($"{command.Scope.Text} is exempt from automatic commands for {span} ({allow.Id}). Mend its budget meanwhile.", null);
    }
}
