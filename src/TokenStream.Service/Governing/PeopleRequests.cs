using System.Text;
using TokenStream.Commands;
using TokenStream.Governing;
using TokenStream.Kafka;

namespace TokenStream.Service.Governing;

/// <summary>
/// What people ask of governing, on the compacted budgets topic: reads it, and asks in their name, with a trace in the audit. One for the
/// command line and one for a node's API; the last record of a key is what counts. Thread-safe.
/// </summary>
internal sealed class PeopleRequests(ConfigurationTopic topic, Audit audit, TimeProvider clock) : IDisposable
{
    /// <summary>A request that is over is kept so long for whoever looks back, then deleted by the next one who asks.</summary>
    public static readonly TimeSpan KeepsOver = TimeSpan.FromDays(7);

    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>What the records of the budgets topic ask, others left aside; broken ones too, since they ask for nothing that is known.</summary>
    public static GovernControls Controls(IReadOnlyDictionary<string, ConfigurationRecord> entries)
    {
        var pause = GovernPause.Never;
        var requests = new List<ManualRequest>();
        foreach (var (key, record) in entries.OrderBy(entry => entry.Value.Offset))
        {
            if (key == RequestFormat.PauseKey)
            {
                pause = RequestFormat.TryRead(record.Value, out GovernPause? read) ? read : pause;
            }
            else if (key.StartsWith(RequestFormat.ManualPrefix, StringComparison.Ordinal) &&
                RequestFormat.TryRead(key, record.Value, out ManualRequest? request))
            {
                requests.Add(request);
            }
        }

        return new GovernControls(pause, requests);
    }

    /// <summary>What stands now.</summary>
    public Task<GovernControls> ReadAsync() => InTurnAsync(() => Task.FromResult(Read()));

    /// <summary>Asks; the request's time is the clock's.</summary>
    public Task AskAsync(ManualRequest request, Actor actor) => InTurnAsync(async () =>
    {
        var standing = Read();
        var asked = request with { AtMs = Now(), By = actor.By };
        var value = RequestFormat.Write(asked);
        await audit.AppendAsync(AuditKind.Command, Name(asked.Action), asked.Scope.Text, actor, asked.Reason, after: Text(value));
        await topic.AppendAsync(RequestFormat.KeyOf(asked), value);
        await DeleteOldAsync(standing);
        return true;
    });

    /// <summary>Takes a request back; null where there is none of that id. One that is over already stays as it is.</summary>
    public Task<ManualRequest?> ReleaseAsync(string id, string reason, Actor actor) => InTurnAsync(async () =>
    {
        var request = Read().Requests.FirstOrDefault(known => known.Id == id);
        if (request is null || !request.IsInForce(Now()))
        {
            return request;
        }

        var released = request with { ReleasedMs = Now(), ReleasedBy = actor.By, ReleasedReason = reason };
        var (was, value) = (RequestFormat.Write(request), RequestFormat.Write(released));
        await audit.AppendAsync(AuditKind.Command, "release", request.Scope.Text, actor, reason, Text(was), Text(value));
        await topic.AppendAsync(RequestFormat.KeyOf(released), value);
        return released;
    });

    /// <summary>Pauses all automatic commands, or lets them go on, which resets the breaker.</summary>
    public Task<GovernPause> PauseAsync(bool paused, string reason, Actor actor) => InTurnAsync(async () =>
    {
        var before = Read().Pause;
        var after = new GovernPause(paused, reason, actor.By, Now());
        var (was, value) = (RequestFormat.Write(before), RequestFormat.Write(after));
        await audit.AppendAsync(AuditKind.Pause, paused ? "pause" : "resume", "automatic commands", actor, reason, Text(was), Text(value));
        await topic.AppendAsync(RequestFormat.PauseKey, value);
        return after;
    });

    public void Dispose()
    {
        topic.Dispose();
        _turn.Dispose();
    }

    /// <summary>An action as people and records name it.</summary>
    public static string Name(CommandAction action) => action switch
    {
        CommandAction.None => "none",
        CommandAction.Allow => "allow",
        CommandAction.RouteTo => "route_to",
        CommandAction.TrimOutput => "trim_output",
        CommandAction.Throttle => "throttle",
        CommandAction.CacheOnly => "cache_only",
        CommandAction.Kill => "kill",
        CommandAction.Lease => "lease",
        _ => throw new ArgumentOutOfRangeException(nameof(action)),
    };

    private GovernControls Read()
    {
        topic.ReadToEnd();
        return Controls(topic.Entries);
    }

    private async Task DeleteOldAsync(GovernControls standing)
    {
        var before = Now() - (long)KeepsOver.TotalMilliseconds;
        foreach (var old in standing.Requests.Where(request => request.ReleasedMs < before || request.UntilMs < before))
        {
            await topic.AppendAsync(RequestFormat.KeyOf(old), null);
        }
    }

    private long Now() => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private static string Text(byte[] json) => Encoding.UTF8.GetString(json);

    private async Task<T> InTurnAsync<T>(Func<Task<T>> action)
    {
        await _turn.WaitAsync();
        try
        {
            return await action();
        }
        finally
        {
            _turn.Release();
        }
    }
}
