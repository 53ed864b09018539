using TokenStream.Events;

namespace TokenStream.Mapping.LiteLlm;

/// <summary>How a call of LiteLLM ended, as it really did.</summary>
/// <param name="Type">The event's result.</param>
/// <param name="IsServed">Whether a provider (or a store of its answers) answered, if not to the end.</param>
/// <param name="IsCacheHit">LiteLLM's own cache answered.</param>
/// <param name="IsMock">Nobody was asked: LiteLLM made the answer up as it was told to.</param>
/// <param name="IsCountedByItself">LiteLLM counted tokens of text, since the provider's usage never came.</param>
/// <param name="Why">The path that tells.</param>
internal readonly record struct LiteLlmResult(
    ResultType Type, bool IsServed, bool IsCacheHit, bool IsMock, bool IsCountedByItself, string Why)
{
    public ReadOnlySpan<byte> Name => Type switch
    {
        ResultType.Ok => "ok"u8,
        ResultType.Timeout => "timeout"u8,
        ResultType.Cancelled => "cancelled"u8,
        ResultType.BlockedBudget => "blocked_budget"u8,
        ResultType.BlockedPolicy => "blocked_policy"u8,
        _ => "error"u8,
    };
}

/// <summary>Reads how calls ended: <c>status</c> alone does not say it.</summary>
internal static class LiteLlmResults
{
    public static LiteLlmResult Of(ReadOnlySpan<byte> payload, LiteLlmPaths paths, JsonPathReader values)
    {
        // A client that left: its stream is a success that LiteLLM ended, and counted, by itself.
        var code = values[paths.ErrorCode].Of(payload);
        var name = values[paths.ErrorClass].Of(payload);
        var isSuccess = values[paths.Status].Is(payload, "success"u8);
        if (code.SequenceEqual("499"u8) || name.SequenceEqual("ClientDisconnected"u8))
        {
            return new LiteLlmResult(ResultType.Cancelled, isSuccess, false, false, IsCountedByItself: true, "error_information");
        }

        if (isSuccess)
        {
            var isHit = values[paths.CacheHit].Kind == JsonKind.True;
            return new LiteLlmResult(ResultType.Ok, true, isHit, !isHit && IsMock(paths, values), false, "status");
        }

        // Google served it, but LiteLLM cannot read an answer without usage.
        var isGoogle = values[paths.Provider].Is(payload, "gemini"u8) || values[paths.Provider].Is(payload, "vertex_ai"u8);
        if (isGoogle && values[paths.ErrorText].Of(payload).IndexOf("usageMetadata not found in completion_response"u8) >= 0)
        {
            return new LiteLlmResult(ResultType.Ok, true, false, false, false, "error_str: served without usage");
        }

        return new LiteLlmResult(Failure(payload, code, name, paths, values), false, false, false, false, "error_information");
    }

    /// <summary>
    /// Three fields together: an answer of a provider has its address, headers of its own, or an overhead that was measured beside it. Some
    /// providers' answers lack one or two of them.
    /// </summary>
    private static bool IsMock(LiteLlmPaths paths, JsonPathReader values) =>
        values[paths.ApiBase] is { Kind: JsonKind.Text, Length: 0 }
        && (!values[paths.ProviderHeaders].IsThere || values[paths.ProviderHeaders] is { Kind: JsonKind.Object, Length: 2 })
        && values[paths.Overhead].Kind == JsonKind.Null && !values[paths.Details].IsThere;

    private static ResultType Failure(
        ReadOnlySpan<byte> payload, ReadOnlySpan<byte> code, ReadOnlySpan<byte> name, LiteLlmPaths paths, JsonPathReader values)
    {
        if (name.SequenceEqual("BudgetExceededError"u8) || values[paths.ErrorLimit].Is(payload, "budget"u8))
        {
            return ResultType.BlockedBudget;
        }

        if (values[paths.Guardrail].Is(payload, "guardrail_intervened"u8))
        {
            return ResultType.BlockedPolicy;
        }

        var isTimeout = name.SequenceEqual("Timeout"u8) || code.SequenceEqual("408"u8) || code.SequenceEqual("504"u8);
        return isTimeout ? ResultType.Timeout : ResultType.Error;
    }
}
