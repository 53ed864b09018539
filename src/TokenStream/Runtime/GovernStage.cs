using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using TokenStream.Commands;
using TokenStream.Governing;
using TokenStream.Governing.Alerts;
using TokenStream.Governing.Breakers;
using TokenStream.Governing.Evaluation;
using TokenStream.Governing.Ledger;
using TokenStream.Governing.Snapshots;

namespace TokenStream.Runtime;

/// <summary>
/// Drives ledger and governor of the spend partitions that one worker owns, and publishes what they decide: docs/governing.md. A key of the
/// commands topic has one writer at a time; whoever was one before it cannot commit, and what it may still publish has a lower epoch.
/// </summary>
public sealed class GovernStage : IStage
{
    private const long LookMs = 1_000;

    /// <summary>Reports beyond these are dropped: the next ones say the same and more.</summary>
    private const int MostReports = 10_000;

    private readonly IRecordSource _source;
    private readonly IRecordSink _sink;
    private readonly ICompactedLog _commandLog;
    private readonly ICompactedLog _ledgerLog;
    private readonly Func<GovernInputs?> _inputs;
    private readonly CommandSigner _signer;
    private readonly CommandVerifier _verifier;
    private readonly GovernStageOptions _options;
    private readonly StreamMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;

    // Only the worker's thread changes it; health is read from others.
    private readonly ConcurrentDictionary<TopicPartition, GovernPartition> _partitions = [];
    private readonly ConcurrentQueue<PatternOpening> _openings = [];
    private readonly ConcurrentQueue<GatewayAck> _reports = [];
    private readonly Dictionary<int, Heartbeat> _heartbeats = [];
    private readonly List<BudgetEvaluation> _evaluations = [];
    private long _waitMs;
    private long _sinceHeartbeatMs;
    private long _sinceLookMs;

    /// <param name="inputs">What people have said; null until it is known: nothing begins before.</param>
    public GovernStage(
        IRecordSource source,
        IRecordSink sink,
        ICompactedLog commandLog,
        ICompactedLog ledgerLog,
        Func<GovernInputs?> inputs,
        CommandSigner signer,
        CommandVerifier verifier,
        GovernStageOptions options,
        StreamMetrics metrics,
        TimeProvider clock,
        ILogger logger)
    {
        (_source, _sink, _commandLog, _ledgerLog, _inputs) = (source, sink, commandLog, ledgerLog, inputs);
        (_signer, _verifier, _options, _metrics, _clock, _logger) = (signer, verifier, options, metrics, clock, logger);
        _sinceHeartbeatMs = options.HeartbeatIntervalMs;
        metrics.Govern.Observe(() => _partitions.Values.Select(p => p.Gauges).OfType<GovernGauges>(), () => Evaluations);
    }

    /// <summary>Partitions that do not read, with the reason.</summary>
    public IEnumerable<(TopicPartition Partition, string Reason)> Stopped =>
        _partitions.Values.Where(p => p.Stopped is not null).Select(p => (p.Partition, p.Stopped!)).ToArray();

    /// <summary>Whether the group has given this worker any partition.</summary>
    public bool HasPartitions => !_partitions.IsEmpty;

    /// <summary>Whether every partition of this worker decides.</summary>
    public bool IsDeciding => _partitions.Values.All(p => p.Phase == GovernPhase.Deciding);

    /// <summary>How every budget of this worker's partitions stands, as evaluated last. For any thread.</summary>
    public IEnumerable<BudgetEvaluation> Evaluations => _partitions.Values.SelectMany(p => p.Latest.Values);

    /// <summary>The same with the states that follow, as people see them. For any thread.</summary>
    public IEnumerable<BudgetStateRecord> States => _partitions.Values.SelectMany(p => p.Latest.Select(latest => BudgetStateRecord.Of(
        latest.Value, p.States.GetValueOrDefault(latest.Key), p.Inputs?.Set.Version ?? 0)));

    /// <summary>Patterns that came in the middle of a period, of whose scopes is not known what they had spent before. For any thread.</summary>
    public IEnumerable<SeedingPattern> Seeding => _partitions.Values.SelectMany(p => p.Seeding).Distinct();

    internal IEnumerable<GovernPartition> Partitions => _partitions.Values;

    /// <summary>Tells what a pattern's scopes had spent before their spend was published. For any thread; acts with the next step.</summary>
    public void SetOpening(PatternOpening opening) => _openings.Enqueue(opening);

    /// <summary>How a gateway's slices of leases stand. For any thread; acts with the next step.</summary>
    public void SetLeaseReports(GatewayAck ack)
    {
        if (_reports.Count < MostReports)
        {
            _reports.Enqueue(ack);
        }
    }

    public (long Offset, IPartitionReader Reader) Assigned(TopicPartition partition)
    {
        var owned = new GovernPartition(partition, Damaged);
        _partitions[partition] = owned;
        return (_source.Committed(partition)?.Offset ?? _source.QueryWatermarks(partition).Start, owned);
    }

    // Effects are performed to their end between two polls: nothing is in flight here.
    public void Revoked(TopicPartition partition) => _partitions.TryRemove(partition, out _);

    public void Lost(TopicPartition partition) => _partitions.TryRemove(partition, out _);

    public async ValueTask StepAsync(long elapsedMs)
    {
        (_waitMs, _sinceHeartbeatMs, _sinceLookMs) = (_waitMs - elapsedMs, _sinceHeartbeatMs + elapsedMs, _sinceLookMs + elapsedMs);
        if (_inputs() is not { } inputs || _partitions.IsEmpty)
        {
            return;
        }

        try
        {
            await StepAsync(inputs);
        }
        catch (PublishFailedException failure)
        {
            Log.PublishFailed(_logger, failure.Message);
            _metrics.PublishFailures.Add(1);
            RestartAll();
        }
        catch (SourceFailedException failure)
        {
            Log.GovernWaits(_logger, failure.Message);
            RestartAll();
        }
    }

    private async ValueTask StepAsync(GovernInputs inputs)
    {
        foreach (var partition in _partitions.Values.Where(p => p is { Phase: GovernPhase.Starting, Stopped: null } && _waitMs <= 0))
        {
            await StartAsync(partition, inputs);
        }

        Follow();
        var now = Now();
        ApplyReports(now);
        foreach (var partition in _partitions.Values.Where(p => p is { Stopped: null } and not { Phase: GovernPhase.Starting }))
        {
            var hasAdopted = Adopt(partition, inputs, now);
            partition.Evaluator.SetNow(now);
            if (partition.Phase == GovernPhase.CatchingUp && partition.Position >= partition.CatchUpEnd)
            {
                partition.Phase = GovernPhase.Deciding;
                Log.GovernDecides(_logger, partition.Partition, partition.Commit.Epoch, partition.Ledger.Count);
            }

            if (partition.Phase == GovernPhase.Deciding)
            {
                partition.Governor.SetOtherPartitions(OthersThan(partition, now));
                await DecideAsync(partition, now, hasAdopted);
            }
        }

        ApplyOpenings();
        await BeatAsync();
        Look(now);
    }

    /// <summary>Takes over a partition. What a crash right after each step means stands beside it.</summary>
    private async ValueTask StartAsync(GovernPartition partition, GovernInputs inputs)
    {
        var (start, end) = _source.QueryWatermarks(partition.Partition);
        var committed = _source.Committed(partition.Partition) is { } known
            ? GovernCommit.Parse(known.Offset, known.Metadata)
            : new GovernCommit(start, 0, 0, "");

        // 1. The epoch is raised. From here on every owner before cannot commit, so it issues nothing that was not decided. Crash: the next raises it again.
        if (!await CommitAsync(partition, committed with { Epoch = committed.Epoch + 1, Counter = 0 }))
        {
            return;
        }

        // 2. The commands topic is read to its end: what stands, and what versions were given; the ledger's: what names were given. After lost
        // offsets either may know of an epoch that the commit does not, one that ended before its first heartbeat say, and none is used twice.
        var commands = new PublishedCommands(_verifier);
        _commandLog.ReadAll(partition.Number, (_, offset, key, value, isDeletion) => commands.Read(offset, key, value, isDeletion));
        var snapshots = new SnapshotTable(partition.Number);
        _ledgerLog.ReadAll(partition.Number, (_, _, key, value, isDeletion) => snapshots.Read(key, value, isDeletion, committed.Snapshot));
        var given = Math.Max(commands.Highest.Epoch, snapshots.HighestEpoch);
        if (given >= partition.Commit.Epoch && !await CommitAsync(partition, partition.Commit with { Epoch = given + 1 }))
        {
            return;
        }

        // 3. The ledger goes on from the snapshot that the commit names, and reads to the end found above before anything is decided.
        try
        {
            Restore(partition, inputs, commands, snapshots, start, end);
        }
        catch (FormatException damaged)
        {
            partition.Stop($"the ledger's snapshot {partition.Commit.Snapshot} cannot be read: {damaged.Message} (nothing of the partition is governed until it can)");
            Log.PartitionStopped(_logger, partition.Partition, partition.Stopped!);
        }
    }

    private void Restore(GovernPartition partition, GovernInputs inputs, PublishedCommands commands, SnapshotTable snapshots, long start, long end)
    {
        var (now, offset) = (Now(), partition.Commit.Offset);
        var restored = new RestoredLedger(new SpendLedger(_options.MaxScopes), [], [], []);
        if (partition.Commit.Snapshot.Length > 0)
        {
            if (snapshots.Take(partition.Commit.Snapshot) is { } chunks && offset >= start)
            {
                restored = LedgerSnapshot.Read(chunks, _options.MaxScopes);
                if (restored.Position > end)
                {
                    throw new FormatException($"it counts spend up to offset {restored.Position}, and the log ends at {end}");
                }
            }
            else
            {
                (offset, restored.Ledger.CompleteSinceMs) = (start, now);
                partition.Commit = partition.Commit with { Offset = start, Snapshot = "" };
                Log.SnapshotGone(_logger, partition.Partition);
            }
        }
        else if (start > 0)
        {
            (offset, restored.Ledger.CompleteSinceMs) = (start, now);
        }

        var evaluator = new BudgetEvaluator(restored.Ledger, partition.Number, _options.Partitions);
        evaluator.Restore(restored.Running, restored.Openings);
        var governor = new Governor(partition.Number, new GovernorOptions { Partitions = _options.Partitions, UnpricedPerDay = _options.UnpricedPerDay });
        commands.TakeFound(_ => { });
        governor.Restore(commands.Commands.ToArray(), GovernNotes.Read(restored.Notes), now);
        partition.Begin(restored.Ledger, evaluator, governor, commands, snapshots, offset, end);
        partition.SnapshotMs = now;
        partition.Phase = GovernPhase.CatchingUp;
        Adopt(partition, inputs, now);
        _source.Seek(partition.Partition, offset);
        Log.GovernRestored(_logger, partition.Partition, restored.Ledger.Count, end - offset);
    }

    /// <summary>Takes up what people have said since the last look; whether there was something.</summary>
    private static bool Adopt(GovernPartition partition, GovernInputs inputs, long now)
    {
        if (ReferenceEquals(partition.Inputs, inputs))
        {
            return false;
        }

        var before = partition.Inputs;
        partition.Inputs = inputs;
        if (before is null || !ReferenceEquals(before.Set, inputs.Set) || !ReferenceEquals(before.SinceMs, inputs.SinceMs))
        {
            partition.Evaluator.Adopt(inputs.Set, inputs.SinceMs, now);
            partition.Latest.Clear();
            partition.States.Clear();
        }

        if (before is null || !ReferenceEquals(before.Set, inputs.Set) || !ReferenceEquals(before.Directory, inputs.Directory))
        {
            partition.Governor.Adopt(inputs.Set, inputs.Directory);
        }

        if (before is null || !ReferenceEquals(before.Controls, inputs.Controls))
        {
            partition.Governor.SetControls(inputs.Controls);
        }

        partition.Governor.SetAnomalies(inputs.Anomalies);
        return true;
    }

    private async ValueTask DecideAsync(GovernPartition partition, long now, bool hasAdopted)
    {
        partition.Commands.TakeFound(command => partition.Governor.Find(command, now));
        _evaluations.Clear();
        partition.Evaluator.Evaluate(now, _evaluations);
        foreach (var evaluation in _evaluations)
        {
            partition.Latest[(evaluation.Budget.Name, evaluation.Scope.Text)] = evaluation;
        }

        _metrics.Govern.Evaluations.Add(_evaluations.Count);
        var isPublished = false;
        if (_evaluations.Count > 0)
        {
            isPublished = await PublishAsync(partition, partition.Governor.Evaluate(_evaluations, now), hasAdopted);
            foreach (var evaluation in _evaluations)
            {
                partition.States[(evaluation.Budget.Name, evaluation.Scope.Text)] = partition.Governor.StateOf(evaluation.Budget.Name, evaluation.Scope);
            }
        }

        if (partition.Phase == GovernPhase.Deciding)
        {
            isPublished |= await PublishAsync(partition, partition.Governor.Tick(now), hasAdopted);
        }

        if (partition.Phase != GovernPhase.Deciding)
        {
            // A commit was refused, or its outcome is unknown: what this owner knows may be old, and nothing more is committed on the strength of it.
            return;
        }

        partition.Commands.TakeCovered((key, bytes) =>
        {
            Log.CommandPublishedAgain(_logger, key);
            _metrics.Govern.CommandsAgain.Add(1);
            _sink.Publish(new TopicPartition(_options.CommandsTopic, partition.Number), System.Text.Encoding.UTF8.GetBytes(key), bytes);
            isPublished = true;
        });
        if (isPublished)
        {
            await _sink.FlushAsync();
        }

        await SnapshotAsync(partition, now);
    }

    /// <summary>Performs what the governor decided. Returns whether something was published.</summary>
    private async ValueTask<bool> PublishAsync(GovernPartition partition, GovernorOutput output, bool hasAdopted)
    {
        if (ReferenceEquals(output, GovernorOutput.Nothing))
        {
            return false;
        }

        // 1. The versions are committed before a command of them is seen: an owner that lost the partition ends here. Crash: the numbers are left out.
        var first = partition.Commit.Counter + 1;
        if (output.Commands.Count > 0 && !await CommitAsync(partition, partition.Commit with { Counter = partition.Commit.Counter + output.Commands.Count }))
        {
            return false;
        }

        // 2. Commands and what is told of them. Crash, or no answer: the successor reads what the log has of them and decides from there.
        var topic = new TopicPartition(_options.CommandsTopic, partition.Number);
        var issued = output.Commands.Select((command, i) => command with { Version = new CommandVersion(partition.Commit.Epoch, first + i) }).ToArray();
        var renewed = issued.Select(command => partition.Commands.Find(command.Key) is { } before && before.Action == command.Action && before.Id == command.Id).ToArray();
        partition.Governor.SetVersions(issued);
        foreach (var command in issued)
        {
            var bytes = _signer.Sign(command);
            partition.Commands.Publish(command, bytes);
            _sink.Publish(topic, System.Text.Encoding.UTF8.GetBytes(command.Key), bytes);
        }

        foreach (var key in output.Tombstones)
        {
            partition.Commands.Bury(key);
            _sink.Delete(topic, System.Text.Encoding.UTF8.GetBytes(key));
        }

        foreach (var transition in output.Transitions)
        {
            var alert = Alert.Of(transition);
            _sink.Publish(new TopicPartition(_options.AlertsTopic, 0), System.Text.Encoding.UTF8.GetBytes(alert.Fingerprint), AlertFormat.Write(alert));
        }

        await _sink.FlushAsync();
        var acknowledged = Now();
        for (var i = 0; i < issued.Length; i++)
        {
            // What time or a person brought about says nothing of how fast spend is acted on.
            var isCausedBySpend = !renewed[i] && issued[i].Action != CommandAction.None && !hasAdopted && partition.Evaluator.HasChanged(issued[i].Scope);
            _metrics.Govern.Count(issued[i], isCausedBySpend, acknowledged);
            if (!renewed[i])
            {
                Log.CommandIssued(_logger, issued[i].Key, issued[i].Action, issued[i].Reason);
            }
        }

        return true;
    }

    /// <summary>
    /// Writes a snapshot under a new name, a slice in each step; the commit that names it makes it valid; then those of lower offsets go. A
    /// crash in between leaves records that nobody asks for.
    /// </summary>
    private async ValueTask SnapshotAsync(GovernPartition partition, long now)
    {
        if (partition.Writing is not { } writing)
        {
            var interval = Math.Max(_options.SnapshotIntervalMs, partition.SnapshotBytes * 1000 / _options.SnapshotBytesPerSecond);
            if (now - partition.SnapshotMs < interval || partition.Position <= partition.Commit.Offset)
            {
                return;
            }

            var begun = SnapshotTable.NameOf(partition.Position, partition.Commit.Epoch, ++partition.SnapshotNumber);
            var writer = new LedgerSnapshotWriter(
                partition.Ledger,
                partition.Evaluator,
                () => GovernNotes.Write(partition.Governor.OpenAlerts(Now())),
                partition.Position,
                _options.SnapshotChunkBytes);
            partition.Writing = writing = new SnapshotInProgress(begun, partition.Position, writer);
        }

        // 1. Chunks, as many as a step may write; the next step goes on where this one ends. They are awaited with whatever is awaited next.
        var (topic, name) = (new TopicPartition(_options.LedgerTopic, partition.Number), writing.Name);
        if (!writing.Writer.Continue(partition.Position, _options.SnapshotSliceBytes, (chunk, bytes) => _sink.Publish(topic, partition.Snapshots.Key(name, chunk), bytes)))
        {
            return;
        }

        await _sink.FlushAsync();
        partition.Writing = null;
        partition.Snapshots.Written(name, writing.Writer.Chunks);

        // 2. All chunks are in the log. The commit names them, and the offset at which the snapshot was begun.
        if (!await CommitAsync(partition, partition.Commit with { Offset = writing.Offset, Snapshot = name }))
        {
            return;
        }

        // 3. Nobody asks for an older one any more.
        foreach (var key in partition.Snapshots.TakeOlder(name))
        {
            _sink.Delete(topic, key);
        }

        await _sink.FlushAsync();
        (partition.SnapshotMs, partition.SnapshotBytes) = (now, writing.Writer.Bytes);
    }

    private async ValueTask BeatAsync()
    {
        if (_sinceHeartbeatMs < _options.HeartbeatIntervalMs)
        {
            return;
        }

        _sinceHeartbeatMs = 0;
        foreach (var partition in _partitions.Values.Where(p => p is { Phase: GovernPhase.Deciding, Stopped: null }))
        {
            var governor = partition.Governor;
            var beat = new Heartbeat
            {
                Partition = partition.Number,
                Version = new CommandVersion(partition.Commit.Epoch, partition.Commit.Counter),
                AtMs = Now(),
                ActiveCommands = governor.InForce.Count,
                ActiveTenants = governor.ActiveTenants,
                HitTenants = governor.HitTenants,
                IsPaused = governor.IsPaused,
                IsBreakerOpen = governor.IsBreakerOpen,
            };
            _sink.Publish(new TopicPartition(_options.CommandsTopic, partition.Number), System.Text.Encoding.UTF8.GetBytes(beat.Key), _signer.Sign(beat));
        }

        await _sink.FlushAsync();
    }

    /// <summary>Reads back what the commands topic has got since, other partitions' heartbeats included.</summary>
    private void Follow() => _commandLog.Follow((number, offset, key, value, isDeletion) =>
    {
        if (key.StartsWith("heartbeat/"u8))
        {
            if (_verifier.TryVerify(key, value, out var record) == CommandRefusal.None && record.Heartbeat is { } heartbeat)
            {
                _heartbeats[heartbeat.Partition] = heartbeat;
            }
        }
        else if (Owned(number) is { Phase: not GovernPhase.Starting } partition)
        {
            partition.Commands.Read(offset, key, value, isDeletion);
        }
    });

    /// <summary>
    /// The other partitions as the breaker has to know them: those of this worker as they stand this instant, since a wrong price reaches all of
    /// them in one poll, and those of others by their last heartbeats.
    /// </summary>
    private OtherPartitions OthersThan(GovernPartition partition, long now)
    {
        var (active, hit, isOpen) = (0, 0, false);
        foreach (var (key, other) in _partitions)
        {
            if (other != partition && other.Phase == GovernPhase.Deciding)
            {
                (active, hit) = (active + other.Governor.ActiveTenants, hit + other.Governor.HitTenants);
                isOpen |= other.Governor.IsBreakerOpen;
            }
        }

        foreach (var beat in _heartbeats.Values)
        {
            var isOurs = _partitions.TryGetValue(new TopicPartition(partition.Partition.Topic, beat.Partition), out var owned) && owned.Phase == GovernPhase.Deciding;
            if (!isOurs && now - beat.AtMs < 10 * _options.HeartbeatIntervalMs)
            {
                (active, hit) = (active + beat.ActiveTenants, hit + beat.HitTenants);
                isOpen |= beat.IsBreakerOpen;
            }
        }

        return new OtherPartitions(active, hit, isOpen);
    }

    private GovernPartition? Owned(int number) => _partitions.Values.FirstOrDefault(partition => partition.Number == number);

    private void ApplyReports(long now)
    {
        while (_reports.TryDequeue(out var ack))
        {
            foreach (var report in ack.Leases)
            {
                var end = report.Key.IndexOf('|', StringComparison.Ordinal);
                if (end > 0 && Scopes.Scope.TryParse(report.Key[..end], out var scope, out _) &&
                    Owned(scope.Partition(_options.Partitions)) is { Phase: GovernPhase.Deciding } partition)
                {
                    partition.Governor.SetLeaseReport(ack.GatewayId, ack.AtMs, report, now);
                }
            }
        }
    }

    private void ApplyOpenings()
    {
        while (_openings.TryDequeue(out var opening))
        {
            foreach (var partition in _partitions.Values.Where(p => p is { Phase: not GovernPhase.Starting, Stopped: null }))
            {
                partition.Evaluator.SetOpening(opening);
            }
        }
    }

    private void Look(long now)
    {
        if (_sinceLookMs < LookMs)
        {
            return;
        }

        _sinceLookMs = 0;
        foreach (var partition in _partitions.Values.Where(p => p.Phase != GovernPhase.Starting))
        {
            partition.Seeding = [.. partition.Evaluator.Seeding];
            var end = _source.Watermarks(partition.Partition).End;
            partition.Gauges = new GovernGauges(
                partition.Number, Math.Max(0, end - partition.Position), partition.Ledger.Count, partition.SnapshotBytes, now - partition.SnapshotMs);
        }
    }

    private async ValueTask<bool> CommitAsync(GovernPartition partition, GovernCommit commit)
    {
        if (await _source.CommitAsync([new OffsetCommit(partition.Partition, commit.Offset, commit.ToMetadata())]))
        {
            partition.Commit = commit;
            return true;
        }

        Log.CommitFailed(_logger, partition.Partition);
        _metrics.CommitFailures.Add(1);
        Restart(partition);
        return false;
    }

    private void RestartAll()
    {
        foreach (var partition in _partitions.Values)
        {
            Restart(partition);
        }
    }

    /// <summary>Begins again at what is committed: what was decided and not published is decided anew, or not at all.</summary>
    private void Restart(GovernPartition partition)
    {
        (partition.Phase, partition.Writing) = (GovernPhase.Starting, null);
        _waitMs = _options.RetryMs;
    }

    private long Now() => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    private void Damaged(TopicPartition partition, long offset, FormatException failure)
    {
        Log.SpendDamaged(_logger, partition, offset, failure.Message);
        _metrics.CountRefused("spend_damaged");
    }
}
