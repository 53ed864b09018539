namespace TokenStream.Chdb.Engine;

/// <summary>The store cannot start. The message is one sentence for the operator: what is wrong and what changes it.</summary>
public sealed class ChdbStartException : Exception
{
    public ChdbStartException(string message)
        : base(message)
    {
    }

    public ChdbStartException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
