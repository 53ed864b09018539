namespace TokenStream.IntegrationTests;

/// <summary>Waits for a stated condition of something outside of the test's process.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>Asks again and again until the answer is yes; what cannot be asked yet counts as no. Fails with the output where it never is.</summary>
    internal static async Task TrueAsync(Func<Task<bool>> condition, string what, Func<string> output)
    {
        using var timer = new PeriodicTimer(Interval);
        using var deadline = new CancellationTokenSource(Patience);
        Exception? last = null;
        do
        {
            try
            {
                if (await condition())
                {
                    return;
                }
            }
            catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException or InvalidOperationException)
            {
                last = failure;
            }
        }
        while (!deadline.IsCancellationRequested && await timer.WaitForNextTickAsync());
        throw new TimeoutException($"It never came to pass that {what}. {last?.Message}\n{output()}");
    }
}
