using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenStream.Commands;
using TokenStream.Gateway.Feed;
using TokenStream.Gateway.Leasing;
using TokenStream.Gateway.Publishing;

namespace TokenStream.Gateway;

/// <summary>
/// Decides locally whether a request may go to its model, by the commands in force, and reports what became of it. Safe for any number of
/// threads; deciding takes no lock and allocates nothing.
/// </summary>
public sealed class TokenStreamGateway : IAsyncDisposable
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>No request has more; an event that claims more is refused.</summary>
    private const long MostTokens = 1_000_000_000_000;

    [ThreadStatic]
    private static CommandMatches? _matches;

    private readonly TokenStreamGatewayOptions _options;
    private readonly GatewayClock _clock;
    private readonly GatewayMetrics _metrics = new();
    private readonly CommandFeed _feed;
    private readonly GatewayPublisher _publisher;
    private readonly ReservationTable _reservations = new();
    private readonly RunningStreams _streams;
    private readonly GatewayLeases _leases;
    private readonly Lock _reporting = new();
    private readonly ILogger _logger;
    private ITimer? _timer;
    private bool _hadReservations;
    private volatile bool _isStarted;
    private int _isDisposed;

    public TokenStreamGateway(IOptions<TokenStreamGatewayOptions> options, TimeProvider time, ILogger<TokenStreamGateway> logger)
    {
        _options = options.Value;
        _logger = logger;
        _clock = new GatewayClock(time);
        _leases = new GatewayLeases(_options, _clock, logger);
        _feed = new CommandFeed(_options, _leases.Table, _clock, _metrics, logger) { Applied = Acknowledge, Changed = OnChanged };
        _publisher = new GatewayPublisher(_options, _clock, _metrics, logger);
        _streams = new RunningStreams();
    }

    /// <summary>
    /// Called once decisions obey a command or its release, on the thread that follows the topic: be quick. Leases, which change each
    /// second, are not told.
    /// </summary>
    public event Action<Command>? CommandObeyed;

    public GatewayState State => _feed.Freshness.At(_clock.Nanoseconds);

    /// <summary>How many commands decisions are made by.</summary>
    public int ActiveCommands => _feed.Snapshot.Index.Count;

    /// <summary>Ends when every command in force is known for the first time.</summary>
    public Task Completed => _feed.Completed;

    internal CommandFeed Feed => _feed;

    internal GatewayLeases LeaseBook => _leases;

    internal GatewayClock Clock => _clock;

    internal GatewayPublisher Publisher => _publisher;

    /// <summary>Begins to follow the commands and to publish. A host calls it by itself.</summary>
    public void Start()
    {
        _publisher.Start();
        _isStarted = true;
        _feed.Start();
        _timer = _clock.Time.CreateTimer(_ => Tick(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    /// <summary>
    /// Decides about a request, anew for each retry and fallback. One that is let in has its tokens reserved until <see cref="Complete"/>;
    /// one that is refused is reported as blocked demand, but for <see cref="DecisionCode.CacheOnly"/>: whether the gateway's cache answers
    /// that is said by <see cref="Complete"/> or <see cref="ReportBlocked"/>.
    /// </summary>
    public GatewayDecision Decide(in GatewayRequest request)
    {
        var tenant = request.Tenant;
        if ((string.IsNullOrEmpty(tenant) || _options.IsKnownTenant is not null) && !TryName(ref tenant))
        {
            return Refuse(in request, DecisionCode.UnknownTenant, tenant, null, null);
        }

        var nanoseconds = _clock.Nanoseconds;
        if (_options.OnBlind != OnBlind.LastKnown && _feed.Freshness.At(nanoseconds) == GatewayState.Blind)
        {
            return _options.OnBlind == OnBlind.Open
                ? Admit(in request, tenant, Limit(in request, null), null, null, null, 0)
                : Refuse(in request, DecisionCode.Blind, tenant, null, 1);
        }

        var snapshot = _feed.Snapshot;
        return snapshot.Index.Count == 0
            ? Admit(in request, tenant, Limit(in request, null), null, null, null, 0)
            : DecideBy(snapshot, in request, tenant, nanoseconds);
    }

    /// <summary>Says what an admitted request used, once: its reservation ends and its usage is published.</summary>
    public PublishOutcome Complete(in GatewayRequest request, in GatewayDecision decision, in GatewayUsage usage)
    {
        Settle(in request, in decision, in usage);
        return Publish(in request, in decision, in usage, null);
    }

    /// <summary>
    /// The same for whoever wants to know what became of the event: ends with <see cref="PublishOutcome.Acknowledged"/> once Kafka has it.
    /// While Kafka is away that takes minutes, so wait with a deadline.
    /// </summary>
    public Task<PublishOutcome> CompleteAndConfirmAsync(in GatewayRequest request, in GatewayDecision decision, in GatewayUsage usage)
    {
        Settle(in request, in decision, in usage);
        var confirmation = new TaskCompletionSource<PublishOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        var outcome = Publish(in request, in decision, in usage, confirmation);
        return outcome == PublishOutcome.Accepted ? confirmation.Task : Task.FromResult(outcome);
    }

    /// <summary>Ends the reservation of an admitted request whose usage is published by another way.</summary>
    public void Settle(in GatewayRequest request, in GatewayDecision decision, in GatewayUsage usage)
    {
        var used = usage.IsCacheHit ? 0 : (usage.TokensIn ?? 0) + (usage.TokensOut ?? 0);
        var cost = decision.Reservation.Charges?.NeedsPrice == true ? _leases.Cost(in request, in decision, in usage) : 0;
        decision.Reservation.Settle(used, cost);
    }

    /// <summary>
    /// Follows the running answer of an admitted request, so that a kill with <c>abort_streams</c> ends it: of what was asked for and of
    /// what serves it.
    /// </summary>
    public RunningAnswer Follow(in GatewayRequest request, in GatewayDecision decision) => _streams.Add(
        decision.RouteModel is { } model
            ? request with { ServedModel = model, ServedProvider = decision.RouteProvider ?? request.ServedProvider }
            : request,
        decision.Tenant);

    /// <summary>Reports a refused request as demand: what it would have used is what a command's release is decided by.</summary>
    public PublishOutcome ReportBlocked(in GatewayRequest request, in GatewayDecision decision) => _publisher.Publish(new UsageRecord
    {
        Request = request,
        Tenant = decision.Tenant,
        TimeMs = _clock.WallMs,
        CommandId = decision.RefusedBy?.Id,
        MaxTokens = TokensOut(in request, request.MaxTokens > 0 ? request.MaxTokens : _options.AssumedOutputTokens),
    });

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        if (_timer is not null)
        {
            await _timer.DisposeAsync().ConfigureAwait(false);
        }

        _feed.Dispose();
        _leases.Dispose();
        ReportLeases(isWhole: true);
        await _publisher.DisposeAsync().ConfigureAwait(false);
        _metrics.Dispose();
    }

    /// <summary>The commands that decisions are made by, without those that have expired.</summary>
    public IReadOnlyList<Command> Commands()
    {
        var index = _feed.Snapshot.Index;
        var nowMs = _clock.WallMs;
        return [.. Enumerable.Range(0, index.Count).Select(ordinal => index[ordinal]).Where(command => !(command.ExpiresMs <= nowMs))];
    }

    /// <summary>What the tenants' requests in flight may still use.</summary>
    public IReadOnlyList<TenantReservation> Outstanding() => [.. _reservations.Outstanding()];

    /// <summary>How this gateway's slices of leased budgets stand.</summary>
    public IReadOnlyList<GatewayLease> Leases() => [.. _leases.Standing];

    /// <summary>Whether a running stream of the request is to be ended.</summary>
    public bool IsStreamKilled(in GatewayRequest request, string tenant)
    {
        var dimensions = request.Dimensions(tenant, _options.Environment);
        var matches = _matches ??= new CommandMatches();
        return CommandComposition.Compose(_feed.Snapshot.Index, in dimensions, _clock.WallMs, matches).AbortsStreams;
    }

    // Decisions are large, so each is made where it is returned, straight into the caller's own: no step looks at one that another made.
    private GatewayDecision DecideBy(CommandSnapshot snapshot, in GatewayRequest request, string tenant, long nanoseconds)
    {
        var nowMs = _clock.AtMs(nanoseconds);
        var matches = _matches ??= new CommandMatches();
        var dimensions = request.Dimensions(tenant, _options.Environment);
        var composed = CommandComposition.Compose(snapshot.Index, in dimensions, nowMs, matches);
        if (composed.Kill is { } kill)
        {
            var code = kill.RetryAtMs is null ? DecisionCode.Killed : DecisionCode.BudgetExceeded;
            return Refuse(in request, code, tenant, kill, RetryAfter(kill, nowMs));
        }

        if (composed.CacheOnly is { } cacheOnly)
        {
            return Refuse(in request, DecisionCode.CacheOnly, tenant, cacheOnly, RetryAfter(cacheOnly, nowMs));
        }

        var limit = Limit(in request, composed.Trim);
        if (matches.Count == 0)
        {
            return Admit(in request, tenant, limit, composed.Trim, composed.Route, null, 0);
        }

        var charges = snapshot.Charges(matches);
        // The output of what is leased is always limited: only then is an estimate the most that a request can cost.
        limit ??= charges.HasLeases && !request.IsWithoutOutput ? _options.AssumedOutputTokens : null;
        if (!charges.TryPass(Estimate(in request, limit), nanoseconds, out var refusedBy, out var wait))
        {
            var seconds = Math.Max(1, (wait + NanosecondsPerSecond - 1) / NanosecondsPerSecond);
            return Refuse(in request, DecisionCode.Throttled, tenant, refusedBy, seconds);
        }

        return charges.HasLeases
            ? DecideByLeases(charges, in request, tenant, limit, composed.Trim, composed.Route, nowMs)
            : Admit(in request, tenant, limit, composed.Trim, composed.Route, charges, 0);
    }

    private GatewayDecision DecideByLeases(
        ChargeSet charges, in GatewayRequest request, string tenant, long? limit, Command? trim, Command? route, long nowMs)
    {
        var tokens = Estimate(in request, limit);
        var cost = 0L;
        var empty = charges.Lease;
        if (charges.NeedsPrice && !_leases.TryEstimate(in request, tenant, route, nowMs, TokensOut(in request, limit), out cost))
        {
            charges.GiveBack(tokens);
        }
        else
        {
            empty = charges.Reserve(tokens, cost, nowMs);
        }

        return empty is null ? Admit(in request, tenant, limit, trim, route, charges, cost)
            : empty.Last is { RetryAtMs: not null } spent
            ? Refuse(in request, DecisionCode.BudgetExceeded, tenant, spent, RetryAfter(spent, nowMs))
            : Refuse(in request, DecisionCode.LeaseEmpty, tenant, empty.Last, 1);
    }

    private GatewayDecision Admit(
        in GatewayRequest request, string tenant, long? limit, Command? trim, Command? route, ChargeSet? charges, long cost)
    {
        var reserved = _reservations.Of(tenant);
        var tokens = Estimate(in request, limit);
        reserved.Take(tokens);
        return new GatewayDecision
        {
            Code = DecisionCode.Allowed,
            Tenant = tenant,
            TrimmedBy = trim,
            RoutedBy = route,
            MaxOutputTokens = limit,
            Reservation = new Reservation(reserved, charges, tokens, cost),
        };
    }

    /// <summary>Refuses, and counts it; what a command refused is demand, but for what a cache may still answer.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private GatewayDecision Refuse(in GatewayRequest request, DecisionCode code, string tenant, Command? command, long? retryAfterSeconds)
    {
        var decision = new GatewayDecision { Code = code, RefusedBy = command, Tenant = tenant, RetryAfterSeconds = retryAfterSeconds };
        _metrics.Refused(code);
        if (command is not null && code != DecisionCode.CacheOnly)
        {
            ReportBlocked(in request, in decision);
        }

        return decision;
    }

    private static long? RetryAfter(Command command, long nowMs) =>
        command.RetryAtMs is { } retryAtMs ? Math.Max(1, (retryAtMs - nowMs + 999) / 1000) : null;

    private static long? Limit(in GatewayRequest request, Command? trim) => request.IsWithoutOutput ? null
        : trim?.Parameters.MaxOutputTokens is { } most
        ? request.MaxTokens > 0 ? Math.Min(most, request.MaxTokens) : most
        : request.MaxTokens > 0 ? request.MaxTokens : null;

    private long Estimate(in GatewayRequest request, long? limit) =>
        Math.Max(0, request.TokensIn) + TokensOut(in request, limit);

    /// <summary>The most output tokens of all the answers that are asked for, as far as counts go.</summary>
    private long TokensOut(in GatewayRequest request, long? limit) => request.IsWithoutOutput ? 0
        : request.Answers > 1 ? (long)Int128.Min((Int128)(limit ?? _options.AssumedOutputTokens) * request.Answers, MostTokens)
        : limit ?? _options.AssumedOutputTokens;

    /// <summary>Whom an absent or unknown tenant counts as; false where it is denied.</summary>
    private bool TryName(ref string tenant)
    {
        var isKnown = Known(tenant);
        var isDenied = !isKnown && _options.UnknownTenants == UnknownTenants.Deny;
        tenant = !isKnown && _options.UnknownTenants == UnknownTenants.DefaultBudget ? _options.DefaultTenant : Named(tenant);
        return !isDenied;
    }

    private bool Known(string tenant) => !string.IsNullOrEmpty(tenant) && _options.IsKnownTenant?.Invoke(tenant) != false;

    /// <summary>Events need a tenant.</summary>
    private string Named(string tenant) => string.IsNullOrEmpty(tenant) ? _options.DefaultTenant : tenant;

    private PublishOutcome Publish(
        in GatewayRequest request, in GatewayDecision decision, in GatewayUsage usage,
        TaskCompletionSource<PublishOutcome>? confirmation) =>
        _publisher.Publish(new UsageRecord
        {
            Request = request,
            Tenant = decision.Tenant,
            TimeMs = _clock.WallMs,
            Usage = usage,
            CommandId = (decision.RoutedBy ?? decision.TrimmedBy ?? decision.ThrottledBy ?? decision.RefusedBy)?.Id,
            RoutedModel = decision.RouteModel,
            RoutedProvider = decision.RouteProvider,
            MaxTokens = decision.MaxOutputTokens,
            Confirmation = confirmation,
        });

    private void Acknowledge(Command command, long receivedMs, bool isLive)
    {
        _publisher.Acknowledge(new GatewayAck
        {
            Kind = isLive ? GatewayAckKind.Applied : GatewayAckKind.Loaded,
            GatewayId = _options.GatewayId,
            AtMs = _clock.WallMs,
            CommandId = command.Id,
            Key = command.Key,
            Version = command.Version,
            ReceivedMs = receivedMs,
            AppliedMs = Math.Max(receivedMs, _clock.WallMs),
        });
        CommandObeyed?.Invoke(command);
    }

    /// <summary>After decisions changed: streams that a kill is for end, and of a new lease a slice is asked for at once.</summary>
    private void OnChanged()
    {
        EndKilledStreams();
        if (_isStarted && _feed.Snapshot.HasLeases)
        {
            _leases.Prices.Start();
            ReportLeases(isWhole: false);
        }
    }

    private void ReportLeases(bool isWhole)
    {
        lock (_reporting)
        {
            foreach (var ack in _leases.Report(isWhole))
            {
                _publisher.Acknowledge(ack);
            }
        }
    }

    private void EndKilledStreams() => _streams.EndKilled(this);

    /// <summary>Each second: the wall clock's offset, the state for people, what is in flight, and streams that a kill missed.</summary>
    private void Tick()
    {
        _clock.Adjust();
        var state = State;
        if (state != _metrics.State)
        {
            if (state < _metrics.State)
            {
                GatewayLog.StateWorse(_logger, _options.GatewayId, state);
            }
            else
            {
                GatewayLog.StateBetter(_logger, _options.GatewayId, state);
            }

            _metrics.State = state;
        }

        EndKilledStreams();
        _publisher.Report();
        var outstanding = Outstanding();
        foreach (var part in outstanding.Count == 0 && _hadReservations ? [[]] : outstanding.Chunk(GatewayAckFormat.MostTenants))
        {
            _publisher.Acknowledge(new GatewayAck
            {
                Kind = GatewayAckKind.Reservations,
                GatewayId = _options.GatewayId,
                AtMs = _clock.WallMs,
                Reservations = part,
            });
        }

        _hadReservations = outstanding.Count > 0;
        ReportLeases(isWhole: false);
    }
}
