namespace TokenStream.Service.Node;

/// <summary>A node cannot start; the message is for people: it names the cause and the option that changes it.</summary>
internal sealed class NodeStartException(string message, Exception? inner = null) : Exception(message, inner);
