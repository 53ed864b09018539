using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace TokenStream.Events;

/// <summary>Reads JSON that anybody may have written: any bytes are an answer, none throws.</summary>
internal static class JsonBytes
{
    public static bool TryRead<T>(ReadOnlySpan<byte> bytes, JsonTypeInfo<T> type, [NotNullWhen(true)] out T? value)
        where T : class
    {
        try
        {
            value = JsonSerializer.Deserialize(bytes, type);
            return value is not null;
        }
        catch (JsonException)
        {
            // What is wrong in it matters to nobody: whoever counts refusals names the reason, and foreign bytes are not repeated in logs.
            value = null;
            return false;
        }
    }
}
