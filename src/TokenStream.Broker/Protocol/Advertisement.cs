namespace TokenStream.Broker.Protocol;

/// <summary>Where clients are sent: the one broker there is, leader of every partition and coordinator of every group.</summary>
internal sealed record Advertisement(string Host, int Port)
{
    /// <summary>Its number; 0 would do, but some tools take it for "not set".</summary>
    public const int NodeId = 1;

    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
