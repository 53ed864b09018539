using TokenStream.Commands;

namespace TokenStream.Governing;

/// <summary>Makes the command that a person's request asks for.</summary>
internal static class ManualCommands
{
    public static Command Make(ManualRequest request, IReadOnlyList<string> tenants, long nowMs) => new()
    {
        Id = request.Id,
        Scope = request.Scope,
        Source = request.Source,
        Version = default,
        Action = request.Action,
        Parameters = request.Parameters,
        IssuedMs = nowMs,
        ExpiresMs = request.UntilMs,
        Reason = request.Reason,
        Tenants = tenants,
    };

    /// <summary>Whether a command that stands says the same already.</summary>
    public static bool Same(Command standing, Command asked) =>
        standing.Action == asked.Action && standing.Parameters == asked.Parameters && standing.ExpiresMs == asked.ExpiresMs
        && standing.Reason == asked.Reason && standing.Tenants.SequenceEqual(asked.Tenants);
}
