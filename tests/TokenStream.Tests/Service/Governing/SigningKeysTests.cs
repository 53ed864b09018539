using TokenStream.Service.Governing;
using TokenStream.Service.Node;
using TokenStream.Service.Options;
using TokenStream.Tests.Commands;
using Xunit;

namespace TokenStream.Tests.Service.Governing;

public sealed class SigningKeysTests : IDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("signing-keys-");

    [Fact]
    public void The_first_start_makes_a_key_that_only_its_owner_can_read_and_later_ones_keep_it()
    {
        using var first = Keys().OpenOrCreate();
        using var second = Keys().OpenOrCreate();
        Assert.Equal(first.KeyId, second.KeyId);
        Assert.Equal([first.KeyId], Keys().Public().Select(key => key.Id));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_data.FullName, "keys", "commands.pem")));
        }
    }

    [Fact]
    public void A_rotation_has_both_keys_trusted_between_its_first_and_its_last_step()
    {
        string old;
        using (var signer = Keys().OpenOrCreate())
        {
            old = signer.KeyId;
        }

        Assert.Contains("prepare", Assert.Throws<NodeStartException>(() => Keys().Rotate()).Message, StringComparison.Ordinal);
        var next = Keys().Prepare();
        Assert.Equal(next, Keys().Prepare());
        Assert.Equal([old, next], Keys().Public().Select(key => key.Id));
        using (var signer = Keys().OpenOrCreate())
        {
            Assert.Equal(old, signer.KeyId);
        }

        Assert.Equal(next, Keys().Rotate());
        using (var signer = Keys().OpenOrCreate())
        {
            Assert.Equal(next, signer.KeyId);
        }

        Assert.Equal([old, next], Keys().Public().Select(key => key.Id));
        Assert.Equal([old], Keys().Retire());
        Assert.Equal([next], Keys().Public().Select(key => key.Id));
    }

    [Fact]
    public void A_configured_key_is_used_and_other_nodes_keys_are_trusted_beside_it()
    {
        var file = Path.Combine(_data.FullName, "own.pem");
        File.WriteAllText(file, CommandSamples.RfcKey().ExportPkcs8PrivateKeyPem());
        using var other = new SigningKeys(new NodeOptions { DataDirectory = Path.Combine(_data.FullName, "other") }).OpenOrCreate();
        var trusted = Path.Combine(_data.FullName, "trusted.pem");
        File.WriteAllText(trusted, other.PublicPem);
        var keys = new SigningKeys(new NodeOptions { DataDirectory = _data.FullName, SigningKey = $"${{file:{file}}}", TrustedKeysFile = trusted });
        using var signer = keys.OpenOrCreate();
        Assert.Equal([signer.KeyId, other.KeyId], keys.Public().Select(key => key.Id));
        Assert.False(File.Exists(keys.PublicFile));
    }

    [Fact]
    public void A_key_that_is_none_stops_the_start_with_a_sentence()
    {
        var keys = new SigningKeys(new NodeOptions { DataDirectory = _data.FullName, SigningKey = "not a key" });
        Assert.Contains("The key that commands are signed with", Assert.Throws<NodeStartException>(keys.OpenOrCreate).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _data.Delete(recursive: true);

    private SigningKeys Keys() => new(new NodeOptions { DataDirectory = _data.FullName });
}
