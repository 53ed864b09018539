using System.Collections.Concurrent;
using System.Security.Cryptography;
using TokenStream.Commands;

namespace TokenStream.Gateway.Leasing;

/// <summary>
/// This gateway's accounts of all leases, by the key of their commands. An account outlives a release: its counts go on where they were as
/// long as the process lives.
/// </summary>
/// <param name="instances">Names the next instance; no two may ever be equal, whichever gateway draws them.</param>
internal sealed class LeaseTable(Func<string> instances)
{
    private readonly ConcurrentDictionary<string, LeaseAccount> _accounts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CommandVersion> _versions = new(StringComparer.Ordinal);

    /// <summary>A gateway's table, whose instances are random.</summary>
    public LeaseTable()
        : this(() => RandomNumberGenerator.GetHexString(16, lowercase: true))
    {
    }

    /// <summary>The accounts of leases that stand.</summary>
    public IEnumerable<LeaseAccount> Standing => _accounts.Values.Where(account => account.Command is not null);

    /// <summary>
    /// Obeys a lease or the release of one, unless its version is not above what is obeyed. True where decisions must look anew for what
    /// they match: a lease began or ended, is for other tenants, or counts in another unit and so in another account. For one thread.
    /// </summary>
    public bool Take(Command command)
    {
        if (_versions.TryGetValue(command.Key, out var known) && command.Version <= known)
        {
            return false;
        }

        _versions[command.Key] = command.Version;
        var account = Find(command.Key);
        var former = account?.Command;
        if (command.Action != CommandAction.Lease)
        {
            account?.Obey(command);
            return former is not null;
        }

        if (account is null || account.IsTokens != command.Parameters.IsTokens)
        {
            // Requests in flight settle on the account that they were let in by.
            former = null;
            _accounts[command.Key] = account = new LeaseAccount(command, instances);
        }

        account.Obey(command);
        return former is null || !former.Tenants.SequenceEqual(command.Tenants, StringComparer.Ordinal);
    }

    /// <summary>The account of a lease that stands, or did.</summary>
    public LeaseAccount? Find(string key) => _accounts.GetValueOrDefault(key);

    /// <summary>How every slice stands, for the issuer. For one thread.</summary>
    public IReadOnlyList<LeaseReport> Report() => [.. _accounts.Values.Select(account => account.Report()).OfType<LeaseReport>()];
}
