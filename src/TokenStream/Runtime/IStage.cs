namespace TokenStream.Runtime;

/// <summary>One stage of the stream, for the partitions that one worker owns: what it does between two polls of its source.</summary>
public interface IStage : IAssignmentHandler
{
    /// <summary>Does what is due after a poll; everything it began is finished when it returns.</summary>
    /// <param name="elapsedMs">Monotonic time since the last step.</param>
    ValueTask StepAsync(long elapsedMs);
}
