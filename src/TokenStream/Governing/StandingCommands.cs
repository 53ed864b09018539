using TokenStream.Commands;

namespace TokenStream.Governing;

/// <summary>
/// The last command of every key, as it stands in the log or is about to: releases among them until their records may be deleted.
/// </summary>
internal sealed class StandingCommands(GovernorOptions options)
{
    private readonly Dictionary<string, Command> _last = new(StringComparer.Ordinal);
    private readonly PriorityQueue<(string Key, long ReleasedMs), long> _releases = new();

    /// <summary>Those that ask for something, whether they have expired or not.</summary>
    public Dictionary<string, Command> InForce { get; } = new(StringComparer.Ordinal);

    public Command? Last(string key) => _last.GetValueOrDefault(key);

    public void Set(Command command)
    {
        var key = command.Key;
        _last[key] = command;
        if (command.Action != CommandAction.None)
        {
            InForce[key] = command;
            return;
        }

        InForce.Remove(key);
        _releases.Enqueue((key, command.IssuedMs), command.IssuedMs);
    }

    /// <summary>Keys whose release is so old that the record may go. They are forgotten here too.</summary>
    public void TakeTombstones(long nowMs, List<string> into)
    {
        while (_releases.TryPeek(out var release, out var releasedMs) && nowMs - releasedMs > options.ReleaseKeptMs)
        {
            _releases.Dequeue();
            if (_last.TryGetValue(release.Key, out var last) && last.Action == CommandAction.None && last.IssuedMs == releasedMs)
            {
                _last.Remove(release.Key);
                into.Add(release.Key);
            }
        }
    }
}
