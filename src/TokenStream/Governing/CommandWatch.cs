using TokenStream.Commands;

namespace TokenStream.Governing;

/// <summary>Why an ack says nothing.</summary>
public enum AckRefusal
{
    None = 0,

    /// <summary>The command it names was never issued, or its version was not.</summary>
    UnknownCommand,

    /// <summary>By its times it was obeyed before it was issued, or later than now.</summary>
    ImpossibleTime,

    /// <summary>There are more gateways, or more of their acks, than are kept.</summary>
    Limit,
}

/// <summary>
/// Who has acknowledged what: commands as they were issued, and gateways' acks of them. Acks are not signed, so that nothing is decided by
/// them; they are counted and measured. Commands that were there before it began to follow are taken as acknowledged.
/// </summary>
public sealed class CommandWatch
{
    public const int MostGateways = 1_000;
    public const int MostAcks = 1_000_000;

    /// <summary>A command is missing at a gateway that has not acknowledged it for so long.</summary>
    public const long PatienceMs = 10_000;

    /// <summary>A gateway that was not heard of for so long is gone: one that serves requests is heard each second.</summary>
    public const long GatewayGoneMs = 5 * 60_000;

    /// <summary>Clocks of gateways may differ by so much.</summary>
    public const long ClockSkewMs = 60_000;

    private readonly Dictionary<string, Watched> _commands = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _gateways = new(StringComparer.Ordinal);
    private int _acks;

    public int Commands => _commands.Count;

    /// <summary>Takes a believed command, release or not.</summary>
    /// <param name="isLive">Whether it was issued while this followed the topic.</param>
    public void Take(Command command, bool isLive)
    {
        if (command.IsLease)
        {
            // Renewed each second, and answered by the gateways' reports instead.
            return;
        }

        if (_commands.TryGetValue(command.Key, out var known))
        {
            if (command.Version <= known.Command.Version)
            {
                return;
            }

            _acks -= known.AckedBy.Count;
        }

        _commands[command.Key] = new Watched(command, isLive);
    }

    /// <summary>
    /// A record was deleted. That is what becomes of old releases; of a command it says nothing, since anybody could have written it.
    /// </summary>
    public void Forget(string key)
    {
        if (_commands.TryGetValue(key, out var known) && known.Command.Action == CommandAction.None)
        {
            _acks -= known.AckedBy.Count;
            _commands.Remove(key);
        }
    }

    /// <summary>Takes an ack.</summary>
    /// <param name="latencyMs">From the newest event that the command was decided on until the gateway obeyed; null where that says nothing.</param>
    public AckRefusal Take(GatewayAck ack, long nowMs, out long? latencyMs)
    {
        latencyMs = null;
        Watched? watched = null;
        if (ack.Kind is GatewayAckKind.Applied or GatewayAckKind.Loaded)
        {
            if (!_commands.TryGetValue(ack.Key!, out watched) || ack.Version > watched.Command.Version)
            {
                return AckRefusal.UnknownCommand;
            }

            if (ack.AppliedMs > nowMs + ClockSkewMs || (ack.Version == watched.Command.Version && ack.AppliedMs + ClockSkewMs < watched.Command.IssuedMs))
            {
                return AckRefusal.ImpossibleTime;
            }
        }

        if (!Heard(ack.GatewayId, nowMs))
        {
            return AckRefusal.Limit;
        }

        // An ack of a version that was replaced meanwhile says that the gateway lives, and no more.
        if (watched is null || ack.Version < watched.Command.Version || watched.AckedBy.Contains(ack.GatewayId))
        {
            return AckRefusal.None;
        }

        if (_acks >= MostAcks)
        {
            return AckRefusal.Limit;
        }

        _acks++;
        watched.AckedBy.Add(ack.GatewayId);
        if (ack.Kind == GatewayAckKind.Applied && watched.Command is { Action: not CommandAction.None, Cause.EventMs: > 0 and var eventMs })
        {
            latencyMs = Math.Max(0, ack.AppliedMs - eventMs);
        }

        return AckRefusal.None;
    }

    /// <summary>Gateways that live.</summary>
    public int Gateways(long nowMs) => _gateways.Values.Count(heard => heard + GatewayGoneMs >= nowMs);

    /// <summary>Pairs of a gateway that lives and a command in force, or a release, that it should have acknowledged and has not.</summary>
    public int Unacknowledged(long nowMs)
    {
        var living = _gateways.Where(gateway => gateway.Value + GatewayGoneMs >= nowMs).Select(gateway => gateway.Key).ToList();
        var missing = 0;
        foreach (var watched in _commands.Values)
        {
            if (watched.IsLive && watched.Command.IssuedMs + PatienceMs < nowMs && !(watched.Command.ExpiresMs <= nowMs))
            {
                missing += living.Count(gateway => !watched.AckedBy.Contains(gateway));
            }
        }

        return missing;
    }

    private bool Heard(string gateway, long nowMs)
    {
        if (!_gateways.ContainsKey(gateway) && _gateways.Count >= MostGateways)
        {
            foreach (var (gone, heard) in _gateways)
            {
                if (heard + GatewayGoneMs < nowMs)
                {
                    _gateways.Remove(gone);
                }
            }

            if (_gateways.Count >= MostGateways)
            {
                return false;
            }
        }

        _gateways[gateway] = nowMs;
        return true;
    }

    private sealed record Watched(Command Command, bool IsLive)
    {
        public HashSet<string> AckedBy { get; } = new(StringComparer.Ordinal);
    }
}
