using System.Text;
using System.Text.Json.Nodes;
using TokenStream.Receiver.Intake;

namespace TokenStream.Receiver.Http;

/// <summary>Answers with counts: <c>{"accepted": 2, "refused": 1, "errors": [..]}</c>.</summary>
internal sealed class EventsAnswer : AnswerForm
{
    public override byte[] Taken(MappedPayload payload)
    {
        var answer = new JsonObject { ["accepted"] = payload.Accepted, ["refused"] = payload.Refused };
        if (payload.Refused > 0)
        {
            answer["errors"] = Errors(payload.Refusals);
        }

        return Encoding.UTF8.GetBytes(answer.ToJsonString() + "\n");
    }
}
