using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using TokenStream.Runtime;

namespace TokenStream.Receiver.Intake;

/// <summary>
/// Writes payloads' records to the log on one thread: what has gathered while the log was waited for goes out together and is acknowledged
/// together, so that many requests share one waiting. A payload whose records are not all acknowledged has failed as a whole; sent again,
/// it gives equal event ids, and what was written before is dropped as a duplicate.
/// </summary>
internal sealed class LogWriter : IDisposable
{
    /// <summary>Payloads that wait, at most; their bytes have a bound of their own.</summary>
    private const int MostWaiting = 10_000;

    /// <summary>Bytes that go out together, so that the first in a queue need not wait for the last.</summary>
    private const int MostTogether = 8 << 20;

    private readonly BlockingCollection<MappedPayload> _waiting = new(MostWaiting);
    private readonly IRecordSink _sink;
    private readonly LogTopics _topics;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private volatile string? _unavailable;

    public LogWriter(IRecordSink sink, LogTopics topics, ILogger logger)
    {
        (_sink, _topics, _logger) = (sink, topics, logger);
        _thread = new Thread(Run) { IsBackground = true, Name = "receiver log writer" };
        _thread.Start();
    }

    /// <summary>Why the log takes nothing; null where it does, as far as is known.</summary>
    public string? Unavailable
    {
        get => _unavailable;
        set
        {
            if (value is null && _unavailable is not null)
            {
                ReceiverLog.LogAnswers(_logger);
            }
            else if (value is not null && _unavailable is null)
            {
                ReceiverLog.LogUnavailable(_logger, value);
            }

            _unavailable = value;
        }
    }

    /// <summary>Queues a payload, whose outcome then comes; false where too many wait or the node stops.</summary>
    public bool TryWrite(MappedPayload payload) => !_waiting.IsAddingCompleted && _waiting.TryAdd(payload);

    /// <summary>Writes what waits, then ends.</summary>
    public void Dispose()
    {
        _waiting.CompleteAdding();
        _thread.Join();
        _waiting.Dispose();
    }

    private void Run()
    {
        var together = new List<MappedPayload>();
        foreach (var first in _waiting.GetConsumingEnumerable())
        {
            together.Add(first);
            for (var bytes = (long)first.Size; bytes < MostTogether && _waiting.TryTake(out var next); bytes += next.Size)
            {
                together.Add(next);
            }

            var outcome = Write(together);
            while (outcome is not null && _waiting.TryTake(out var next))
            {
                // Who came meanwhile has waited as long as anybody should: the log is away for all.
                together.Add(next);
            }

            foreach (var payload in together)
            {
                payload.Outcome.SetResult(outcome);
            }

            together.Clear();
        }
    }

    /// <summary>Null once every record is acknowledged.</summary>
    private string? Write(List<MappedPayload> together)
    {
        try
        {
            foreach (var payload in together)
            {
                payload.Publish(_sink, _topics);
            }

            // The sink waits on this thread and has ended when it returns.
            _sink.FlushAsync().AsTask().GetAwaiter().GetResult();
            Unavailable = null;
            return null;
        }
        catch (PublishFailedException failure)
        {
            Unavailable = failure.Message;
            return failure.Message;
        }
    }
}
