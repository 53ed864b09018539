namespace TokenStream.Chdb.Native;

/// <summary>
/// A Native stream that cannot be rewritten: a type that cannot be walked over, a column above its bound, or broken bytes.
/// </summary>
internal sealed class NativeFormatException(string message) : IOException(message);
