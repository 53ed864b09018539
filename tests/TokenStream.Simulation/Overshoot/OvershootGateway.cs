using TokenStream.Commands;
using TokenStream.Gateway.Leasing;

namespace TokenStream.Simulation.Overshoot;

/// <summary>A gateway: the library's own composition and lease table, and requests that take their time.</summary>
internal sealed class OvershootGateway(int number, string life, OvershootMutation mutation)
{
    private static readonly RequestDimensions Request = new("prod", "acme", "", "", "p", "m", "", null, null);

    private readonly Dictionary<string, Command> _commands = new(StringComparer.Ordinal);
    private readonly CommandMatches _matches = new();
    private readonly LeaseTable _leases = new(Instances(number, life));
    private readonly PriorityQueue<Flight, long> _flights = new();
    private CommandIndex _index = CommandIndex.Empty;

    public int Number { get; } = number;

    public string Id => $"g{Number}";

    /// <summary>How many commands of the log it has read.</summary>
    public int Read { get; set; }

    /// <summary>Estimates of the requests in flight.</summary>
    public long InFlight { get; private set; }

    /// <summary>When the first kill came.</summary>
    public long? KilledMs { get; private set; }

    public void Obey(Command command, long nowMs)
    {
        if (_commands.TryGetValue(command.Key, out var known) && command.Version <= known.Version)
        {
            return;
        }

        _commands[command.Key] = command;
        if (command.IsLease)
        {
            _leases.Take(command);
            return;
        }

        KilledMs ??= command.Action == CommandAction.Kill ? nowMs : null;
        _index = new CommandIndex(_commands.Values.Where(one => !one.IsLease && one.Action != CommandAction.None));
    }

    /// <summary>Whether a request was let in.</summary>
    public bool Decide(long estimate, long cost, long endsMs, long nowMs)
    {
        if (CommandComposition.Compose(_index, Request, nowMs, _matches).Kill is not null)
        {
            return false;
        }

        var lease = _leases.Standing.FirstOrDefault();
        if (lease is not null && !lease.TryReserve(estimate, mutation == OvershootMutation.ExpiryIgnored ? 0 : nowMs))
        {
            return false;
        }

        if (mutation == OvershootMutation.NothingReserved)
        {
            lease?.Release(estimate);
        }

        InFlight += estimate;
        _flights.Enqueue(new Flight(estimate, cost, lease), endsMs);
        return true;
    }

    /// <summary>Ends what has ended by now: what each cost, with its time.</summary>
    public void Complete(long nowMs, Action<long, long> spent)
    {
        while (_flights.TryPeek(out var flight, out var endsMs) && endsMs <= nowMs)
        {
            _flights.Dequeue();
            InFlight -= flight.Estimate;
            flight.Lease?.Settle(mutation == OvershootMutation.NothingReserved ? 0 : flight.Estimate, flight.Cost);
            spent(endsMs, flight.Cost);
        }
    }

    /// <summary>What its requests in flight will be billed for though nobody hears of it.</summary>
    public Int128 Die() => _flights.UnorderedItems.Aggregate(Int128.Zero, (sum, item) => sum + item.Element.Cost);

    public GatewayAck? Report(long nowMs) => _leases.Report() is { Count: > 0 } reports
        ? new GatewayAck { Kind = GatewayAckKind.Leases, GatewayId = Id, AtMs = nowMs, Leases = reports }
        : null;

    private static Func<string> Instances(int number, string life)
    {
        var drawn = 0;
        return () => $"{number}-{life}-{drawn++}";
    }

    private sealed record Flight(long Estimate, long Cost, LeaseAccount? Lease);
}
