namespace TokenStream.Broker.Log;

/// <summary>The outcome of creating, changing or deleting a topic.</summary>
/// <param name="Error"><see cref="LogError.None"/> when it is done and durable.</param>
/// <param name="Message">On error, one sentence that names cause and remedy.</param>
/// <param name="Topic">The topic after the change; null on error.</param>
public readonly record struct TopicResult(LogError Error, string? Message, Topic? Topic)
{
    internal static TopicResult Failed(LogError error, string message) => new(error, message, null);
}
