using System.Security.Cryptography;
using System.Text;
using TokenStream.Commands;
using TokenStream.Runtime;
using TokenStream.Scopes;
using Xunit;

namespace TokenStream.Tests.Runtime;

public sealed class PublishedCommandsTests : IDisposable
{
    private readonly CommandSigner _signer = new(ECDsa.Create(ECCurve.NamedCurves.nistP256));
    private readonly PublishedCommands _table;

    public PublishedCommandsTests() => _table = new PublishedCommands(new CommandVerifier(CommandKey.ReadPublic(_signer.PublicPem)));

    [Fact]
    public void An_earlier_owners_record_covers_a_command_that_compaction_took_before_it_was_read_back()
    {
        var mine = Command(2, 1);
        _table.Publish(mine, _signer.Sign(mine));
        Read(7, Command(1, 9));
        Assert.Equal([mine.Key], Covered());
        Assert.Empty(Covered());
    }

    [Fact]
    public void A_null_covers_it_likewise()
    {
        var mine = Command(2, 1);
        _table.Publish(mine, _signer.Sign(mine));
        _table.Read(7, Encoding.UTF8.GetBytes(mine.Key), [], isDeletion: true);
        Assert.Equal([mine.Key], Covered());
    }

    [Fact]
    public void The_owners_own_earlier_record_does_not_cover_a_command_that_was_not_read_back_yet()
    {
        foreach (var counter in new[] { 1, 2 })
        {
            _table.Publish(Command(2, counter), _signer.Sign(Command(2, counter)));
        }

        Read(7, Command(2, 1));
        Assert.Empty(Covered());
    }

    [Fact]
    public void Commands_that_it_has_not_published_itself_are_told_once()
    {
        var mine = Command(2, 1);
        _table.Publish(mine, _signer.Sign(mine));
        Read(7, mine);
        Read(8, Command(1, 9) with { Source = "manual/late" });
        var found = new List<string>();
        _table.TakeFound(command => found.Add(command.Key));
        _table.TakeFound(command => found.Add(command.Key));
        Assert.Equal(["tenant=acme|manual/late"], found);
    }

    public void Dispose() => _signer.Dispose();

    private static Command Command(long epoch, long counter) => new()
    {
        Id = "c",
        Scope = Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact("acme"))),
        Source = "manual/c",
        Version = new CommandVersion(epoch, counter),
        Action = CommandAction.Kill,
        IssuedMs = 1,
        Reason = "test",
    };

    private void Read(long offset, Command command) => _table.Read(offset, Encoding.UTF8.GetBytes(command.Key), _signer.Sign(command), isDeletion: false);

    private List<string> Covered()
    {
        var keys = new List<string>();
        _table.TakeCovered((key, _) => keys.Add(key));
        return keys;
    }
}
