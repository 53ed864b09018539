using System.Security.Cryptography;
using TokenStream.Commands;
using TokenStream.Scopes;
using Xunit;

namespace TokenStream.IntegrationTests.Governing;

/// <summary>What we sign, verified by programs that are not ours.</summary>
public sealed class SignatureTests
{
    private const string NodeProgram =
        """
        const crypto = require('node:crypto'), fs = require('node:fs');
        const key = crypto.createPublicKey(fs.readFileSync('key.pem'));
        const record = JSON.parse(fs.readFileSync('record.json'));
        const header = JSON.parse(Buffer.from(record.protected, 'base64url'));
        const kid = crypto.createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('hex').slice(0, 16);
        const signature = Buffer.from(record.signature, 'base64url');
        const good = header.alg === 'ES256' && header.kid === kid && header.typ === 'tokenstream-command+json' &&
          crypto.verify('sha256', `${record.protected}.${record.payload}`, { key, dsaEncoding: 'ieee-p1363' }, signature);
        const command = JSON.parse(Buffer.from(record.payload, 'base64url'));
        console.log(good, `${command.scope}|${command.source}`, command.reason);
        """;

    private static readonly Command Kill = new()
    {
        Id = "c-1-1",
        Scope = Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact("a b|c"))),
        Source = "manual/k",
        Version = new CommandVersion(1, 1),
        Action = CommandAction.Kill,
        IssuedMs = 1_767_225_600_000,
        Reason = "Grüße",
    };

    [FactNeeding("program:node")]
    public async Task Node_verifies_a_command()
    {
        using var folder = new TemporaryFolder();
        // Signatures differ each time, and a leading zero in r or s is one in 256: many are verified.
        for (var i = 0; i < 5; i++)
        {
            Write(folder.Path, change: false);
            var (code, output) = await ChildProcess.RunAsync("node", ["-e", $"process.chdir({System.Text.Json.JsonSerializer.Serialize(folder.Path)});{NodeProgram}"]);
            Assert.Equal((0, "true tenant=a%20b%7Cc|manual/k Grüße"), (code, output));
        }

        Write(folder.Path, change: true);
        var (_, changed) = await ChildProcess.RunAsync("node", ["-e", $"process.chdir({System.Text.Json.JsonSerializer.Serialize(folder.Path)});{NodeProgram}"]);
        Assert.StartsWith("false ", changed, StringComparison.Ordinal);
    }

    /// <summary>The worked example of docs/commands.md, as it stands there.</summary>
    [FactNeeding("program:openssl", "program:python3", "program:sha256sum")]
    public async Task Openssl_verifies_a_command_as_the_documentation_shows()
    {
        using var folder = new TemporaryFolder();
        var text = await File.ReadAllTextAsync(Path.Combine(TestPaths.Root, "docs", "commands.md"));
        var script = text.Split("```sh\n")[1].Split("```")[0];
        for (var i = 0; i < 5; i++)
        {
            var keyId = Write(folder.Path, change: false);
            var (code, output) = await ChildProcess.RunAsync("sh", ["-ec", $"cd '{folder.Path}'\n{script}"]);
            Assert.Equal(0, code);
            Assert.StartsWith("Verified OK", output, StringComparison.Ordinal);
            Assert.Contains("\"scope\":\"tenant=a%20b%7Cc\"", output, StringComparison.Ordinal);
            Assert.EndsWith(keyId, output.TrimEnd(), StringComparison.Ordinal);
        }

        Write(folder.Path, change: true);
        Assert.NotEqual(0, (await ChildProcess.RunAsync("sh", ["-ec", $"cd '{folder.Path}'\n{script}"])).ExitCode);
    }

    private static string Write(string folder, bool change)
    {
        using var signer = new CommandSigner(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        using var other = new CommandSigner(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        File.WriteAllBytes(Path.Combine(folder, "record.json"), signer.Sign(Kill));
        File.WriteAllText(Path.Combine(folder, "key.pem"), (change ? other : signer).PublicPem);
        return signer.KeyId;
    }
}
