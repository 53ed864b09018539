using TokenStream.Broker.Network;
using Xunit;

namespace TokenStream.Tests.Broker.Network;

public class MemoryBudgetTests
{
    [Fact]
    public async Task Who_does_not_fit_waits_in_order_until_bytes_come_back()
    {
        var budget = new MemoryBudget(100);
        await budget.ReserveAsync(60, default);
        Task large = budget.ReserveAsync(50, default).AsTask();
        Task small = budget.ReserveAsync(10, default).AsTask();
        Assert.False(large.IsCompleted || small.IsCompleted);

        budget.Release(60);
        await Task.WhenAll(large, small).WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(60, budget.Held);
    }

    [Fact]
    public async Task More_than_there_is_at_all_is_let_in_alone()
    {
        var budget = new MemoryBudget(100);
        await budget.ReserveAsync(1, default);
        Task huge = budget.ReserveAsync(1_000, default).AsTask();
        Assert.False(huge.IsCompleted);
        budget.Release(1);
        await huge.WaitAsync(TimeSpan.FromSeconds(5));
        Task next = budget.ReserveAsync(1, default).AsTask();
        Assert.False(next.IsCompleted);
    }

    [Fact]
    public async Task Who_gives_up_waiting_holds_nobody_back()
    {
        var budget = new MemoryBudget(100);
        await budget.ReserveAsync(60, default);
        using var cancel = new CancellationTokenSource();
        Task large = budget.ReserveAsync(90, cancel.Token).AsTask();
        Task small = budget.ReserveAsync(40, default).AsTask();
        await cancel.CancelAsync();
        await small.WaitAsync(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        Assert.Equal(100, budget.Held);
    }
}
