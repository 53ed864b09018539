namespace TokenStream.Kafka;

/// <summary>Kafka does not answer, or refuses; the message names the address, the cause and the option that changes it.</summary>
public sealed class KafkaUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Topics that exist are not as the stream needs them; the message names each, and the command that mends it.</summary>
public sealed class TopicMismatchException(IReadOnlyList<string> mismatches) : Exception(string.Join(Environment.NewLine, mismatches))
{
    public IReadOnlyList<string> Mismatches { get; } = mismatches;
}
