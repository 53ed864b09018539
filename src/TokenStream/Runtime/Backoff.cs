namespace TokenStream.Runtime;

/// <summary>
/// How long to wait before the next attempt: doubling from a tenth of a second to half a minute, each time a random share between half and
/// all of it, so that many clients do not come back at once.
/// </summary>
public sealed class Backoff(Random random)
{
    private const double FirstMs = 100;
    private const double LongestMs = 30_000;

    private int _failures;

    /// <summary>Takes note of a failure. Returns the milliseconds to wait.</summary>
    public long Failed()
    {
        var longest = Math.Min(LongestMs, FirstMs * Math.Pow(2, Math.Min(_failures++, 30)));
        return (long)(longest * (0.5 + (random.NextDouble() / 2)));
    }

    public void Succeeded() => _failures = 0;
}
