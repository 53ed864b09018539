using TokenStream.Commands;
using TokenStream.Scopes;
using TokenStream.Service.Governing;
using Xunit;

namespace TokenStream.Tests.Service.Governing;

public sealed class RequestDraftTests
{
    private const long Now = 1_767_225_600_000;

    private static readonly RequestDraft Kill = new()
    {
        Action = CommandAction.Kill,
        Scope = new Dictionary<ScopeDimension, string> { [ScopeDimension.Feature] = "email-*", [ScopeDimension.Tenant] = "acme" },
        For = "2h",
        Reason = " loops ",
    };

    [Fact]
    public void A_request_says_scope_end_and_reason()
    {
        var request = Kill.Make(Now, name => name, out var errors)!;
        Assert.Empty(errors);
        Assert.Equal(
            (CommandAction.Kill, "tenant=acme;feature=email-*", Now + 7_200_000, "loops"),
            (request.Action, request.Scope.Text, request.UntilMs!.Value, request.Reason));
        Assert.True(RequestFormat.IsId(request.Id));
        Assert.NotEqual(request.Id, Kill.Make(Now, name => name, out _)!.Id);
        Assert.Null((Kill with { For = null, UntilReleased = true }).Make(Now, name => name, out _)!.UntilMs);
    }

    [Fact]
    public void Everything_that_is_missing_is_said_at_once()
    {
        var draft = new RequestDraft { Action = CommandAction.Throttle, Scope = new Dictionary<ScopeDimension, string>() };
        Assert.Null(draft.Make(Now, name => $"--{name}", out var errors));
        Assert.Equal(4, errors.Count);
        Assert.Contains("--everything", errors[0], StringComparison.Ordinal);
        Assert.Contains("--for and --until_released", errors[1], StringComparison.Ordinal);
        Assert.Contains("--reason", errors[2], StringComparison.Ordinal);
        Assert.Contains("--tokens_per_minute", errors[3], StringComparison.Ordinal);
    }

    [Fact]
    public void Contradictions_are_refused()
    {
        Assert.Null((Kill with { UntilReleased = true }).Make(Now, name => name, out _));
        Assert.Null((Kill with { Everything = true }).Make(Now, name => name, out _));
        Assert.Null((Kill with { Action = CommandAction.Allow, For = null, UntilReleased = true }).Make(Now, name => name, out _));
        Assert.Null((Kill with { Reason = "  " }).Make(Now, name => name, out _));
        Assert.Null((Kill with { Scope = new Dictionary<ScopeDimension, string> { [ScopeDimension.Tenant] = "" } }).Make(Now, name => name, out _));
        Assert.Null((Kill with { Action = CommandAction.Throttle, Parameters = new() { TokensPerMinute = -1 } }).Make(Now, name => name, out _));
        Assert.Null((Kill with { Action = CommandAction.RouteTo }).Make(Now, name => name, out _));
    }

    [Theory]
    [InlineData("1s", 1)]
    [InlineData("90m", 5400)]
    [InlineData("2h", 7200)]
    [InlineData("366d", 31_622_400)]
    [InlineData("367d", null)]
    [InlineData("0h", null)]
    [InlineData("-1h", null)]
    [InlineData("1.5h", null)]
    [InlineData("h", null)]
    [InlineData("2", null)]
    [InlineData("2w", null)]
    [InlineData("9223372036854775807d", null)]
    public void A_span_is_a_number_of_seconds_minutes_hours_or_days(string text, int? seconds) =>
        Assert.Equal(seconds, (int?)RequestDraft.ReadSpan(text)?.TotalSeconds);
}
