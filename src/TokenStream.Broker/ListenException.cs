namespace TokenStream.Broker;

/// <summary>Why the log cannot listen where it was told to.</summary>
public enum ListenFault
{
    /// <summary>The text is no <c>HOST:PORT</c>.</summary>
    Illegible,

    /// <summary>Other machines would reach it, which was not allowed.</summary>
    NotLoopback,

    /// <summary>Another process listens there.</summary>
    InUse,

    /// <summary>The system refused the address for another reason.</summary>
    Unavailable,
}

/// <summary>The log cannot listen; the message is one sentence that names the address, for a person to read.</summary>
public sealed class ListenException : Exception
{
    public ListenException()
    {
    }

    public ListenException(string message)
        : base(message)
    {
    }

    public ListenException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public ListenException(ListenFault fault, string address, string message, Exception? inner = null)
        : base(message, inner)
    {
        Fault = fault;
        Address = address;
    }

    public ListenFault Fault { get; }

    /// <summary>The address as it was given.</summary>
    public string Address { get; } = "";
}
