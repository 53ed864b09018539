using System.Security.Cryptography;
using TokenStream.Commands;
using TokenStream.Kafka;
using TokenStream.Service.Node;
using TokenStream.Service.Options;

namespace TokenStream.Service.Governing;

/// <summary>
/// The keys that commands are signed with. Unless the configuration names one, a node makes its own at the first start, in the folder
/// <c>keys</c> of its data: the private key, readable by the process's own user only, and beside it the public keys that gateways are to
/// trust. A rotation has three steps, so that no gateway ever meets a key that it was not given: prepare, rotate, retire.
/// </summary>
internal sealed class SigningKeys
{
    private readonly string? _configured;
    private readonly string? _trusted;
    private readonly string _folder;

    public SigningKeys(NodeOptions options)
    {
        (_configured, _trusted) = (options.SigningKey, options.TrustedKeysFile);
        _folder = Path.GetFullPath(Path.Combine(options.DataDirectory, "keys"));
    }

    /// <summary>The file of public keys for gateways; where the configuration names the key, there is none.</summary>
    public string PublicFile => Path.Combine(_folder, "commands.pub.pem");

    public bool IsConfigured => _configured is not null;

    /// <summary>Whether a next key was made and waits for its rotation.</summary>
    public bool HasNext => File.Exists(NextFile);

    private string PrivateFile => Path.Combine(_folder, "commands.pem");

    private string NextFile => Path.Combine(_folder, "commands.next.pem");

    /// <summary>The signer; its key is made where there is none yet.</summary>
    /// <exception cref="NodeStartException">The key cannot be read or made.</exception>
    public CommandSigner OpenOrCreate() => Explained(() =>
    {
        if (_configured is { } reference)
        {
            return CommandSigner.FromPem(SecretReference.Resolve(reference));
        }

        if (!File.Exists(PrivateFile))
        {
            Create(PrivateFile);
        }

        var signer = CommandSigner.FromPem(File.ReadAllText(PrivateFile));
        Trust(signer.PublicPem);
        return signer;
    });

    /// <summary>Every public key that commands may be signed with: the node's own, its last and next, and those of other nodes.</summary>
    /// <exception cref="NodeStartException">A file of them cannot be read.</exception>
    public IReadOnlyList<CommandKey> Public() => Explained(() =>
    {
        var keys = new List<CommandKey>();
        if (_configured is { } reference)
        {
            using var signer = CommandSigner.FromPem(SecretReference.Resolve(reference));
            keys.AddRange(CommandKey.ReadPublic(signer.PublicPem));
        }
        else if (File.Exists(PublicFile))
        {
            keys.AddRange(CommandKey.ReadPublic(File.ReadAllText(PublicFile)));
        }

        if (_trusted is { } file)
        {
            keys.AddRange(CommandKey.ReadPublic(File.ReadAllText(file)));
        }

        return keys.DistinctBy(key => key.Id).ToList();
    });

    /// <summary>Makes the next key and adds its public half to those that gateways are to trust. Returns its id.</summary>
    public string Prepare() => Explained(() =>
    {
        if (!HasNext)
        {
            Create(NextFile);
        }

        using var next = CommandSigner.FromPem(File.ReadAllText(NextFile));
        Trust(next.PublicPem);
        return next.KeyId;
    });

    /// <summary>Signs with the next key from the node's next start on. Returns its id.</summary>
    public string Rotate() => Explained(() =>
    {
        if (!HasNext)
        {
            throw new FormatException("there is no next key: say `tokenstream keys prepare`, give gateways the public keys, then rotate");
        }

        using var next = CommandSigner.FromPem(File.ReadAllText(NextFile));
        File.Move(NextFile, PrivateFile, overwrite: true);
        return next.KeyId;
    });

    /// <summary>Takes keys that are neither in use nor next from the public ones. Returns their ids.</summary>
    public IReadOnlyList<string> Retire() => Explained(() =>
    {
        var kept = new List<string>();
        foreach (var file in new[] { PrivateFile, NextFile }.Where(File.Exists))
        {
            using var signer = CommandSigner.FromPem(File.ReadAllText(file));
            kept.Add(signer.PublicPem);
        }

        var ids = kept.SelectMany(CommandKey.ReadPublic).Select(key => key.Id).ToHashSet(StringComparer.Ordinal);
        var retired = CommandKey.ReadPublic(File.ReadAllText(PublicFile)).Select(key => key.Id).Where(id => !ids.Contains(id)).ToList();
        Write(PublicFile, string.Join('\n', kept) + "\n", secret: false);
        return retired;
    });

    private static T Explained<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException or InvalidOperationException)
        {
            throw new NodeStartException($"The key that commands are signed with: {failure.Message}", failure);
        }
    }

    private void Create(string file)
    {
        Directory.CreateDirectory(_folder);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Write(file, key.ExportPkcs8PrivateKeyPem() + "\n", secret: true);
    }

    /// <summary>Adds a public key to the file for gateways, unless it is there.</summary>
    private void Trust(string pem)
    {
        var present = File.Exists(PublicFile) ? File.ReadAllText(PublicFile) : "";
        if (!present.Contains(pem, StringComparison.Ordinal))
        {
            Write(PublicFile, present + pem + "\n", secret: false);
        }
    }

    /// <summary>Written beside its place and moved there, so that no reader finds half of it.</summary>
    private static void Write(string path, string text, bool secret)
    {
        var beside = $"{path}.{Environment.ProcessId}";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite |
                (secret ? UnixFileMode.None : UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }

        using (var writer = new StreamWriter(beside, options))
        {
            writer.Write(text);
        }

        File.Move(beside, path, overwrite: true);
    }
}
