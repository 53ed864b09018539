using TokenStream.Chdb.Engine;
using Xunit;

namespace TokenStream.IntegrationTests.Chdb;

/// <summary>One store for the tests of a class that only ask, or write to tables of their own.</summary>
public sealed class StoreFixture : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private StoreProcess? _store;

    internal StoreProcess Store => _store ?? throw new InvalidOperationException("The engine is not installed, so no store was started.");

    public async Task InitializeAsync()
    {
        // Where the engine is missing the tests are skipped, or fail one by one and say so.
        if (ChdbLibrary.IsInstalled())
        {
            _store = await StoreProcess.StartAsync(_folder.Path);
        }
    }

    public async Task DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }
    }

    public void Dispose() => _folder.Dispose();
}
