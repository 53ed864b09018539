using Microsoft.Extensions.Logging;
using TokenStream.Kafka;
using TokenStream.Service.Options;

namespace TokenStream.Service.Governing;

/// <summary>
/// The trail of what people changed. A change is written here first and then made, so that none is without its trace; where the second
/// step fails, the trail tells of a change that was tried. Thread-safe.
/// </summary>
internal sealed class Audit : IDisposable
{
    private readonly ConfigurationTopic _topic;
    private readonly TimeProvider _clock;

    public Audit(NodeOptions options, KafkaOptions kafka, TimeProvider clock, ILogger logger) =>
        (_topic, _clock) = (new ConfigurationTopic(kafka, options.Topics.Audit, "tokenstream-audit", logger), clock);

    /// <summary>Appends a record, acknowledged by the log. Throws <see cref="KafkaUnavailableException"/> where it was not.</summary>
    public Task AppendAsync(
        AuditKind kind, string action, string subject, Actor actor, string reason, string before = "", string after = "") =>
        _topic.AppendAsync(
            action,
            new AuditRecord
            {
                AtMs = _clock.GetUtcNow().ToUnixTimeMilliseconds(),
                Kind = kind,
                Action = action,
                Subject = subject,
                By = actor.By,
                From = actor.From,
                Reason = reason,
                Before = before,
                After = after,
            }.ToBytes());

    public void Dispose() => _topic.Dispose();
}
