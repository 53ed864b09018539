using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenStream.Receiver.Intake;

namespace TokenStream.Receiver.Http;

/// <summary>
/// Answers as Langfuse's ingestion does, 207: each event of the batch by its id, those with an error and the others.
/// </summary>
internal sealed class LangfuseAnswer : AnswerForm
{
    public override int TakenStatus => 207;

    /// <summary>A batch whose events are known is answered for each of them.</summary>
    public override bool TakesWhollyRefused(MappedPayload payload) => payload.BatchEvents.Count > 0;

    public override byte[] Taken(MappedPayload payload)
    {
        var answer = new ArrayBufferWriter<byte>();
        answer.Write("{\"successes\":["u8);
        Write(answer, payload.BatchEvents, areErrors: false);
        answer.Write("],\"errors\":["u8);
        Write(answer, payload.BatchEvents, areErrors: true);
        answer.Write("]}"u8);
        return answer.WrittenSpan.ToArray();
    }

    private static void Write(ArrayBufferWriter<byte> answer, IReadOnlyList<BatchEvent> events, bool areErrors)
    {
        var isFirst = true;
        foreach (var (id, refusal) in events)
        {
            if ((refusal is not null) != areErrors)
            {
                continue;
            }

            answer.Write(isFirst ? "{\"id\":\""u8 : ",{\"id\":\""u8);
            isFirst = false;
            // As it stood in the batch, escapes and all.
            answer.Write(id);
            answer.Write(refusal is null ? "\",\"status\":201}"u8 : Error(refusal));
        }
    }

    private static byte[] Error(Refusal refusal)
    {
        var (message, error) = (JsonEncodedText.Encode(refusal.Detail), JsonEncodedText.Encode(refusal.Reason));
        return Encoding.UTF8.GetBytes($"\",\"status\":400,\"message\":\"{message}\",\"error\":\"{error}\"}}");
    }
}
