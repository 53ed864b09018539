using System.Text;
using TokenStream.Mapping;

namespace TokenStream.Receiver.Topics;

/// <summary>
/// Which format a record's payload has by its headers: <c>ts-source</c> names it; CloudEvents have their own (<c>ce_specversion</c> in
/// binary mode, their content type in structured mode), and protobuf is OTLP. JSON alone says nothing.
/// </summary>
internal static class HeaderRules
{
    private const int MostNameBytes = 64;

    /// <summary>The format; null where the headers name none.</summary>
    public static PayloadSource? Find(PayloadHeaders headers)
    {
        if (headers.TryGet("ts-source"u8, out var name))
        {
            return name.Length <= MostNameBytes ? PayloadSources.Find(Encoding.UTF8.GetString(name)) : null;
        }

        headers.TryGet("content-type"u8, out var type);
        if (headers.TryGet("ce-specversion"u8, out _) || type.StartsWith("application/cloudevents"u8))
        {
            return PayloadSources.Find("cloudevents");
        }

        return type.StartsWith("application/x-protobuf"u8) ? PayloadSources.Find("otlp") : null;
    }
}
