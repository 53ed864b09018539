namespace TokenStream.IntegrationTests;

/// <summary>Calls into native code on a thread of their own: one that never returns fails its test instead of holding up all.</summary>
internal static class OwnThread
{
    /// <summary>Far above what is waited for by design, on a machine however slow.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    internal static Task<T> RunAsync<T>(Func<Task<T>> call) =>
        Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            .Unwrap().WaitAsync(Deadline);

    internal static Task RunAsync(Action call) => RunAsync(() =>
    {
        call();
        return Task.FromResult(true);
    });
}
