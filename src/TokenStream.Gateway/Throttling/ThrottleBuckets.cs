using TokenStream.Commands;

namespace TokenStream.Gateway.Throttling;

/// <summary>What one throttling command lets pass at this gateway: tokens, requests, or both.</summary>
internal sealed class ThrottleBuckets
{
    private readonly TokenBucket? _tokens;
    private readonly TokenBucket? _requests;

    /// <param name="former">Of the command before it under the same key, whose debts go on.</param>
    public ThrottleBuckets(Command command, ThrottleBuckets? former, long nanoseconds)
    {
        _tokens = Bucket(command.Parameters.TokensPerMinute, former?._tokens, nanoseconds);
        _requests = Bucket(command.Parameters.RequestsPerMinute, former?._requests, nanoseconds);
    }

    public bool TryTake(long tokens, long nanoseconds, out long waitNanoseconds)
    {
        waitNanoseconds = 0;
        if (_tokens?.TryTake(tokens, nanoseconds, out waitNanoseconds) == false)
        {
            return false;
        }

        if (_requests?.TryTake(1, nanoseconds, out waitNanoseconds) == false)
        {
            _tokens?.GiveBack(tokens);
            return false;
        }

        return true;
    }

    /// <summary>Undoes a take: another throttle did not let the request pass.</summary>
    public void GiveBack(long tokens)
    {
        _tokens?.GiveBack(tokens);
        _requests?.GiveBack(1);
    }

    /// <summary>Settles an estimate; the request itself stays counted.</summary>
    public void Settle(long taken, long used) => _tokens?.GiveBack(taken - used);

    private static TokenBucket? Bucket(long? perMinute, TokenBucket? former, long nanoseconds) => perMinute is not { } rate
        ? null
        : former?.PerMinute == rate ? former : new TokenBucket(rate, former?.PaidAt ?? nanoseconds);
}
