using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Commands;
using TokenStream.Detection;
using TokenStream.Governing.Alerts;
using TokenStream.Governing.Anomalies;
using TokenStream.Kafka;
using TokenStream.Runtime;
using TokenStream.Scopes;
using TokenStream.Service.Anomalies;
using TokenStream.Tests.Broker;
using TokenStream.Tests.Runtime;
using Xunit;

namespace TokenStream.Tests.Service.Anomalies;

public sealed class AnomalyStageTests : IDisposable
{
    private readonly MemoryLog _log = new();
    private readonly StreamMetrics _metrics = new();
    private readonly ManualTime _clock = new();
    private AnomalyWords? _words = new(AnomalyRequests.None, TenantDirectory.Empty);
    private bool _commandsAreAway;

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public async Task An_anomaly_becomes_an_alert_and_the_commit_waits_below_it_until_it_ends()
    {
        var owner = new Owner(this);
        Publish(Chat());
        await owner.StepAsync();
        Assert.Equal([(Chat().Id, (long?)null)], Alerts());
        Assert.Equal(0, _log.Commit!.Offset);
        Publish(Chat() with { EndedMs = Chat().LastSeenMs, End = AnomalyEnd.Quiet });
        await owner.StepAsync();
        Assert.Equal([(Chat().Id, null), (Chat().Id, (long?)Chat().LastSeenMs)], Alerts());
        Assert.Equal(2, _log.Commit.Offset);
    }

    [Fact]
    public async Task A_successor_says_what_is_missing_and_nothing_twice()
    {
        var owner = new Owner(this);
        Publish(Chat());
        await owner.StepAsync();
        Publish(Chat() with { Id = "second" });
        var successor = new Owner(this);
        await successor.StepAsync();
        Assert.Equal([Chat().Id, "second"], Alerts().Select(alert => alert.Fingerprint));
    }

    [Fact]
    public async Task What_was_not_acknowledged_is_said_again()
    {
        var owner = new Owner(this);
        await owner.StepAsync();
        Publish(Chat());
        owner.Sink.Fails = true;
        await owner.StepAsync(steps: 1);
        Assert.Empty(Alerts());
        await owner.StepAsync();
        Assert.Single(Alerts());
    }

    [Fact]
    public async Task Nothing_is_said_before_people_are_heard_and_while_commands_are_out_of_reach()
    {
        var owner = new Owner(this);
        _words = null;
        Publish(Chat());
        await owner.StepAsync();
        Assert.Empty(Alerts());
        _words = new AnomalyWords(AnomalyRequests.None, TenantDirectory.Empty);
        _commandsAreAway = true;
        await owner.StepAsync();
        Assert.Empty(Alerts());
        _commandsAreAway = false;
        await owner.StepAsync();
        Assert.Single(Alerts());
    }

    [Fact]
    public async Task What_is_no_anomaly_is_passed_over()
    {
        var owner = new Owner(this);
        _log.Topic("anomalies").Add(([], Encoding.UTF8.GetBytes("{}")));
        Publish(Chat());
        await owner.StepAsync();
        Assert.Single(Alerts());
        Assert.Equal(1, _log.Commit!.Offset);
    }

    private static Anomaly Chat() => Tests.Detection.Anomalies.Chat();

    private void Publish(Anomaly anomaly) => _log.Topic("anomalies").Add((Encoding.UTF8.GetBytes(anomaly.Id), AnomalyFormat.Write(anomaly)));

    private IEnumerable<Alert> Said() => _log.Topic("alerts").Select(record => AlertFormat.TryRead(record.Value, out Alert? alert) ? alert : null).OfType<Alert>();

    private IEnumerable<(string Fingerprint, long? EndedMs)> Alerts() => Said().Select(alert => (alert.Fingerprint, alert.EndedMs));

    /// <summary>Who has the anomalies topic from now on.</summary>
    private sealed class Owner
    {
        private readonly MemoryLog.MemorySource _source;
        private readonly AnomalyStage _stage;

        public Owner(AnomalyStageTests test)
        {
            _source = test._log.NewOwner("anomalies");
            Sink = new MemorySink(test._log);
            _stage = new AnomalyStage(
                _source, Sink, "alerts", test.Said, () => test._words,
                () => test._commandsAreAway ? throw new KafkaUnavailableException("away") : Array.Empty<Command>(),
                test._clock, test._metrics.Alerts, NullLogger.Instance);
        }

        public MemorySink Sink { get; }

        /// <summary>Enough to begin, to read, and to say.</summary>
        public async Task StepAsync(int steps = 4)
        {
            for (var i = 0; i < steps; i++)
            {
                _source.Poll(TimeSpan.Zero, _stage);
                await _stage.StepAsync(1000);
            }
        }
    }
}
