namespace TokenStream.Broker.Log;

/// <summary>Kafka's rule for topic names: 1 to 249 of letters, digits, point, underscore, hyphen; not <c>.</c> and not <c>..</c>.</summary>
public static class TopicName
{
    public const int MaxLength = 249;

    /// <summary>Null for a legal name, else one sentence that says what is wrong with it.</summary>
    public static string? Fault(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length is 0 or > MaxLength)
        {
            return $"A topic name has 1 to {MaxLength} characters; this one has {name.Length}.";
        }

        if (name is "." or "..")
        {
            return $"'{name}' cannot be a topic name.";
        }

        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
            {
                return "A topic name takes ASCII letters, digits, '.', '_' and '-' only.";
            }
        }

        return null;
    }
}
