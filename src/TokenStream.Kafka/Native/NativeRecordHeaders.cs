using System.Runtime.InteropServices;
using TokenStream.Mapping;
using TokenStream.Runtime;

namespace TokenStream.Kafka.Native;

/// <summary>
/// The headers of the message that is being handed over, read from the library's memory where somebody asks for them. What CloudEvents'
/// binding to Kafka calls <c>ce_id</c> gets the name that the one to HTTP has, <c>ce-id</c>, so that whoever reads it need not know both.
/// </summary>
internal sealed unsafe class NativeRecordHeaders : IRecordHeaders
{
    private const int MostRespelled = 64;

    /// <summary>The message; valid only while it is handed over.</summary>
    public NativeMessage* Message { get; set; }

    public void CopyTo(PayloadHeaders headers)
    {
        nint list;
        if (Message is null || LibRdKafka.rd_kafka_message_headers(Message, &list) != NativeError.None)
        {
            return;
        }

        Span<byte> respelled = stackalloc byte[MostRespelled];
        byte* name;
        byte* value;
        nuint length;
        for (nuint index = 0; LibRdKafka.rd_kafka_header_get_all(list, index, &name, &value, &length) == NativeError.None; index++)
        {
            var text = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name);
            var bytes = new ReadOnlySpan<byte>(value, value is null ? 0 : checked((int)length));
            if (text.StartsWith("ce_"u8) && text.Length <= MostRespelled)
            {
                text.CopyTo(respelled);
                respelled[2] = (byte)'-';
                headers.Add(respelled[..text.Length], bytes);
            }
            else
            {
                headers.Add(text, bytes);
            }
        }
    }
}
