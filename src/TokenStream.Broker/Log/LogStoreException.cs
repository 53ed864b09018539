namespace TokenStream.Broker.Log;

/// <summary>The store cannot be opened; the message is one sentence that names the directory or file and the remedy.</summary>
public sealed class LogStoreException : Exception
{
    public LogStoreException()
    {
    }

    public LogStoreException(string message)
        : base(message)
    {
    }

    public LogStoreException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
