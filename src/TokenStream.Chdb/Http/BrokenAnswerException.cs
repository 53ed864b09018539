namespace TokenStream.Chdb.Http;

/// <summary>Ends a connection whose answer failed midway: thrown out of the handler, it leaves the body without its end.</summary>
internal sealed class BrokenAnswerException(Exception cause) : Exception("The answer failed after it had begun.", cause);
