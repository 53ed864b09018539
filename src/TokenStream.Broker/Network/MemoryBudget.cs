namespace TokenStream.Broker.Network;

/// <summary>
/// A number of bytes that many connections share. Who asks for more than is free waits, first come first served, so a large request is not
/// starved by small ones. One that asks for more than there is at all is let in alone, when everything is free.
/// </summary>
/// <remarks>
/// Requests and responses have a budget each: a connection never waits for one while the peer can only free it through the same one.
/// </remarks>
internal sealed class MemoryBudget(long total)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Waiter> _waiting = [];
    private long _held;

    public long Held
    {
        get
        {
            lock (_gate)
            {
                return _held;
            }
        }
    }

    /// <summary>Completes when the bytes are reserved; give them back with <see cref="Release"/>.</summary>
    public ValueTask ReserveAsync(long bytes, CancellationToken cancel)
    {
        LinkedListNode<Waiter> node;
        lock (_gate)
        {
            if (_waiting.Count == 0 && Fits(bytes))
            {
                _held += bytes;
                return ValueTask.CompletedTask;
            }

            node = _waiting.AddLast(new Waiter(bytes, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
        }

        return new ValueTask(WaitAsync(node, cancel));
    }

    public void Release(long bytes)
    {
        lock (_gate)
        {
            _held -= bytes;
            Admit();
        }
    }

    private bool Fits(long bytes) => _held == 0 || _held + bytes <= total;

    private async Task WaitAsync(LinkedListNode<Waiter> node, CancellationToken cancel)
    {
        using CancellationTokenRegistration registration = cancel.Register(() => GiveUp(node, cancel));
        await node.Value.Admitted.Task.ConfigureAwait(false);
    }

    private void GiveUp(LinkedListNode<Waiter> node, CancellationToken cancel)
    {
        lock (_gate)
        {
            // Once admitted, the bytes are the waiter's, who gives them back.
            if (node.List is not null)
            {
                _waiting.Remove(node);
                node.Value.Admitted.TrySetCanceled(cancel);
                Admit();
            }
        }
    }

    private void Admit()
    {
        while (_waiting.First is { } first && Fits(first.Value.Bytes))
        {
            _waiting.RemoveFirst();
            _held += first.Value.Bytes;
            first.Value.Admitted.TrySetResult();
        }
    }

    private sealed record Waiter(long Bytes, TaskCompletionSource Admitted);
}
