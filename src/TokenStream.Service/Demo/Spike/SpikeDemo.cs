using Spectre.Console;
using TokenStream.Detection;
using TokenStream.Service.Options;

namespace TokenStream.Service.Demo.Spike;

/// <summary>
/// <c>up --demo spike</c>: a tenant's support chat loses the provider's prompt cache with a new prompt version. The terminal shows its cost
/// against what is expected, the anomaly when it opens, its cause in money, and its end. Expectations need a past: a day and a half of
/// requests is replayed with times in the past first, then the story's minutes follow at a fraction of their length.
/// </summary>
internal sealed class SpikeDemo
{
    public const string Name = "spike";

    private const long MinuteMs = 60_000;
    private const int HistoryMinutes = 36 * 60;
    private const int CalmMinutes = 10;

    /// <summary>The cache stays lost for so long, if the anomaly has opened by then.</summary>
    private const int AfterMinutes = 8;

    /// <summary>Minutes that the story may take; it is set so far in the past that none of them is ahead of the clock.</summary>
    private const int StoryMinutes = 120;
    private const int MostMinutesUntilOpen = 30;
    private const int Slices = 6;
    private const int StepSeconds = 60;

    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(500);

    /// <summary>What a minute of the story takes.</summary>
    private static readonly TimeSpan Minute = TimeSpan.FromSeconds(2.4);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly NodeOptions _options;
    private readonly string _bootstrapServers;
    private readonly TimeProvider _clock;
    private readonly long _storyFromMs;
    private readonly SpikeWatch _watch;
    private readonly SpikeView _view;
    private string? _failure;

    public SpikeDemo(NodeOptions options, string bootstrapServers, TimeProvider clock)
    {
        (_options, _bootstrapServers, _clock) = (options, bootstrapServers, clock);
        var nowMs = clock.GetUtcNow().ToUnixTimeMilliseconds();
        _storyFromMs = nowMs - (nowMs % MinuteMs) - (StoryMinutes * MinuteMs);
        var detector = SeriesDetectors.Create(SeriesDetectors.Default, StepSeconds);
        _watch = new SpikeWatch(bootstrapServers, options.Topics, _ => detector) { StoryFromMs = _storyFromMs };
        _view = new SpikeView(_watch, HistoryMinutes) { StoryFromMs = _storyFromMs };
    }

    /// <summary>Runs until the anomaly has ended, or cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = new[] { Task.Run(() => _watch.Run(stop.Token), CancellationToken.None), DirectAsync(stop) };
        await ShowAsync(stop.Token);
        await Task.WhenAll(running);
        Console.WriteLine(_failure ?? _view.Summary());
    }

    private async Task DirectAsync(CancellationTokenSource stop)
    {
        try
        {
            await Task.Run(() => TellAsync(stop.Token), CancellationToken.None);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        catch (IOException failure)
        {
            _failure = failure.Message;
        }

        await stop.CancelAsync();
    }

    /// <summary>The story: learn, go on calmly, lose the cache, be told, repair it, be told that it is over.</summary>
    private async Task TellAsync(CancellationToken cancellation)
    {
        using var sender = new SpikeSender(_bootstrapServers, _options.Topics.Requests);
        var traffic = new SpikeTraffic($"{Guid.NewGuid():N}"[..8], seed: 47);
        for (var minute = -HistoryMinutes; minute < 0; minute++)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var sent in traffic.Minute(At(minute), isCacheLost: false))
            {
                sender.Send(sent);
            }
        }

        // The last minute of history is closed by the first of the story.
        await UntilAsync(() => _watch.ScoredMs >= At(-3), cancellation);
        _view.Phase = SpikePhase.Calm;
        var changed = CalmMinutes;
        for (var minute = 0; minute < StoryMinutes; minute++)
        {
            await PlayAsync(sender, traffic.Minute(At(minute), _view.Phase == SpikePhase.CacheLost), At(minute), cancellation);
            var main = _watch.Main;
            switch (_view.Phase)
            {
                case SpikePhase.Calm when minute + 1 >= CalmMinutes:
                    (_view.Phase, changed) = (SpikePhase.CacheLost, minute);
                    break;
                case SpikePhase.CacheLost when minute - changed >= (main is null ? MostMinutesUntilOpen : AfterMinutes):
                    (_view.Phase, changed) = (SpikePhase.Repaired, minute);
                    break;
                case SpikePhase.Repaired when main is null or { EndedMs: not null }:
                    return;
            }
        }
    }

    /// <summary>A minute's requests, spread over the time that a minute takes here.</summary>
    private async Task PlayAsync(SpikeSender sender, IReadOnlyList<SpikeEvent> events, long minuteMs, CancellationToken cancellation)
    {
        var next = 0;
        for (var slice = 1; slice <= Slices; slice++)
        {
            for (; next < events.Count && events[next].TimeMs < minuteMs + (slice * MinuteMs / Slices); next++)
            {
                sender.Send(events[next]);
            }

            await Task.Delay(Minute / Slices, _clock, cancellation);
        }
    }

    private long At(int minute) => _storyFromMs + (minute * MinuteMs);

    private async Task UntilAsync(Func<bool> condition, CancellationToken cancellation)
    {
        var began = _clock.GetTimestamp();
        using var timer = new PeriodicTimer(Refresh, _clock);
        while (!condition())
        {
            if (_clock.GetElapsedTime(began) > Patience)
            {
                throw new IOException("The node has not counted the history after ten minutes; node.log in the data directory says why.");
            }

            await timer.WaitForNextTickAsync(cancellation);
        }
    }

    private async Task ShowAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Refresh, _clock);
        try
        {
            if (!AnsiConsole.Profile.Capabilities.Interactive)
            {
                while (await timer.WaitForNextTickAsync(cancellation))
                {
                    WriteNewLines();
                }
            }

            await AnsiConsole.Live(_view.Render()).StartAsync(async context =>
            {
                while (await timer.WaitForNextTickAsync(cancellation))
                {
                    context.UpdateTarget(_view.Render());
                }
            });
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            if (!AnsiConsole.Profile.Capabilities.Interactive)
            {
                WriteNewLines();
            }
        }
    }

    private void WriteNewLines()
    {
        foreach (var line in _view.NewLines())
        {
            Console.WriteLine(line);
        }
    }
}
