using System.Text;
using System.Text.Json.Nodes;
using TokenStream.Receiver.Intake;

namespace TokenStream.Receiver.Http;

/// <summary>How senders of a kind expect to be answered. One object answers one request.</summary>
internal abstract class AnswerForm
{
    /// <summary>The status where the payload was taken.</summary>
    public virtual int TakenStatus => 200;

    /// <summary>Content type of either answer to what was taken.</summary>
    public virtual string ContentType => "application/json";

    /// <summary>The content type of refusals.</summary>
    public virtual string RefusalContentType => "application/problem+json";

    /// <summary>Whether a payload all of whose items were refused is answered as one that was taken, each item with its error.</summary>
    public virtual bool TakesWhollyRefused(MappedPayload payload) => false;

    /// <summary>What is said once the log has acknowledged what the payload became.</summary>
    public abstract byte[] Taken(MappedPayload payload);

    /// <summary>What is said where nothing was taken: a problem as RFC 9457 has it.</summary>
    public virtual byte[] Refusal(int status, string code, string title, string detail, IReadOnlyList<Refusal> refusals)
    {
        var problem = new JsonObject
        {
            ["type"] = $"urn:tokenstream:problem:{code}", ["title"] = title, ["status"] = status, ["detail"] = detail,
        };
        if (refusals.Count > 0)
        {
            problem["errors"] = Errors(refusals);
        }

        return Encoding.UTF8.GetBytes(problem.ToJsonString() + "\n");
    }

    protected static JsonArray Errors(IReadOnlyList<Refusal> refusals) => new([.. refusals.Select(Error)]);

    private static JsonObject Error(Refusal refusal)
    {
        var error = new JsonObject { ["item"] = refusal.Item, ["reason"] = refusal.Reason };
        if (refusal.Offset != Intake.Refusal.Nowhere)
        {
            error["offset"] = refusal.Offset;
        }

        if (refusal.Path.Length > 0)
        {
            error["path"] = refusal.Path;
        }

        error["detail"] = refusal.Detail;
        return error;
    }
}
