using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace TokenStream.Gateway;

/// <summary>
/// What a client of Kafka complains about, each kind of it twice a minute at most: a broker that is away is told of several times a second.
/// </summary>
internal sealed class KafkaErrors(ILogger logger, GatewayClock clock)
{
    private static readonly long Quiet = (long)TimeSpan.FromSeconds(30).TotalNanoseconds;

    private readonly Lock _lock = new();
    private readonly Dictionary<ErrorCode, long> _told = [];

    public void Tell(Error error)
    {
        var now = clock.Nanoseconds;
        lock (_lock)
        {
            if (_told.TryGetValue(error.Code, out var told) && now - told < Quiet)
            {
                return;
            }

            _told[error.Code] = now;
        }

        GatewayLog.KafkaError(logger, error.Reason);
    }
}
