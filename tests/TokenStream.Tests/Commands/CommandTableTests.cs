using System.Security.Cryptography;
using System.Text;
using TokenStream.Commands;
using Xunit;

namespace TokenStream.Tests.Commands;

public sealed class CommandTableTests : IDisposable
{
    private readonly CommandTable _table = new(1);
    private readonly CommandSigner _signer = CommandSamples.Signer();
    private readonly CommandVerifier _verifier = new([CommandSamples.PublicKey(CommandSamples.RfcKey())]);

    [Fact]
    public void The_higher_version_wins_in_any_order_of_records()
    {
        Assert.Equal(RecordVerdict.Applied, Take(Kill(2, 5)));
        Assert.Equal(RecordVerdict.Outdated, Take(Kill(2, 4)));
        Assert.Equal(RecordVerdict.Outdated, Take(Kill(1, 99)));
        Assert.Equal(RecordVerdict.Repeated, Take(Kill(2, 5)));
        Assert.Equal(RecordVerdict.Applied, Take(Kill(3, 1)));
        Assert.Equal(new CommandVersion(3, 1), Assert.Single(_table.Active(0)).Version);
    }

    [Fact]
    public void A_release_ends_a_command_and_an_older_copy_of_it_does_not_come_back()
    {
        var kill = Kill(2, 5);
        Take(kill);
        Assert.Equal(RecordVerdict.Applied, Take(kill with { Action = CommandAction.None, Version = new CommandVersion(2, 6) }));
        Assert.Empty(_table.Active(0));
        Assert.Equal(RecordVerdict.Outdated, Take(kill));
        Assert.Empty(_table.Active(0));
    }

    [Fact]
    public void A_version_with_another_content_is_a_conflict_and_changes_nothing()
    {
        Take(Kill(2, 5));
        Assert.Equal(RecordVerdict.Conflicting, Take(Kill(2, 5) with { Action = CommandAction.None }));
        Assert.Equal(CommandAction.Kill, Assert.Single(_table.Active(0)).Action);
    }

    [Fact]
    public void A_deletion_changes_nothing_but_forgets_a_release()
    {
        var kill = Kill(2, 5);
        Take(kill);
        Assert.Equal(RecordVerdict.DeletionIgnored, Take(kill.Key, null));
        Assert.Single(_table.Active(0));
        Assert.Equal(RecordVerdict.DeletionIgnored, Take("nobody|knows/it", null));
        Take(kill with { Action = CommandAction.None, Version = new CommandVersion(2, 6) });
        Assert.Equal(RecordVerdict.Forgotten, Take(kill.Key, null));
        Assert.Equal(0, _table.Keys);
    }

    [Fact]
    public void What_is_forged_unsigned_or_changed_is_refused_and_changes_nothing()
    {
        var kill = Kill(2, 5);
        Take(kill);
        var release = kill with { Action = CommandAction.None, Version = new CommandVersion(9, 9) };
        using var stranger = new CommandSigner(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        Assert.Equal(RecordVerdict.Refused, Take(release.Key, stranger.Sign(release)));
        Assert.Equal(RecordVerdict.Refused, Take(release.Key, CommandFormat.Write(release)));
        Assert.Equal(RecordVerdict.Refused, Take(release.Key, []));
        Assert.Equal(RecordVerdict.Refused, Take("tenant=other|budget/x", _signer.Sign(release)));
        Assert.Equal(RecordVerdict.Refused, Take("heartbeat/0", _signer.Sign(release)));
        var changed = _signer.Sign(release);
        changed[changed.Length / 2] ^= 1;
        Assert.Equal(RecordVerdict.Refused, Take(release.Key, changed));
        Assert.Equal(kill.Version, Assert.Single(_table.Active(0)).Version);
    }

    [Fact]
    public void A_record_copied_to_another_partition_is_refused()
    {
        var table = new CommandTable(2);
        var kill = Kill(1, 1);
        var wrong = 1 - kill.Scope.Partition(2);
        Assert.Equal(RecordVerdict.WrongPartition, table.Take(_verifier, wrong, Encoding.UTF8.GetBytes(kill.Key), _signer.Sign(kill), out _, out _));
        Assert.Equal(RecordVerdict.WrongPartition, table.Take(_verifier, 1, "heartbeat/0"u8, _signer.Sign(Beat(1, 10)), out _, out _));
    }

    [Fact]
    public void A_heartbeat_counts_once_and_an_older_owners_not_at_all()
    {
        Assert.Equal(RecordVerdict.Heartbeat, Take(Beat(2, 10)));
        Assert.Equal(RecordVerdict.OutdatedHeartbeat, Take(Beat(2, 10)));
        Assert.Equal(RecordVerdict.OutdatedHeartbeat, Take(Beat(1, 99)));
        Assert.Equal(RecordVerdict.Heartbeat, Take(Beat(2, 11)));
        Assert.Equal(RecordVerdict.Heartbeat, Take(Beat(3, 5)));
    }

    [Fact]
    public void What_expired_long_ago_is_left_out()
    {
        Take(Kill(1, 1) with { ExpiresMs = 1_000 });
        Assert.Single(_table.Active(1_000));
        Assert.Empty(_table.Active(3_602_000));
    }

    public void Dispose() => _signer.Dispose();

    private static Command Kill(long epoch, long counter) =>
        CompositionSamples.Command("tenant=acme", CommandAction.Kill, version: new CommandVersion(epoch, counter));

    private static Heartbeat Beat(long epoch, long atMs) => new() { Partition = 0, Version = new CommandVersion(epoch, 1), AtMs = atMs };

    private RecordVerdict Take(Command command) => Take(command.Key, _signer.Sign(command));

    private RecordVerdict Take(Heartbeat heartbeat) => Take(heartbeat.Key, _signer.Sign(heartbeat));

    private RecordVerdict Take(string key, byte[]? value) => _table.Take(_verifier, 0, Encoding.UTF8.GetBytes(key), value, out _, out _);
}
