using System.Security.Cryptography;

namespace TokenStream.Commands;

/// <summary>Signs what the owner of a partition publishes. Owns its key. Not for several threads at once.</summary>
public sealed class CommandSigner : IDisposable
{
    private readonly ECDsa _key;

    /// <param name="key">A private key on P-256; its owner from now on is the signer.</param>
    public CommandSigner(ECDsa key) => (_key, KeyId) = (key, CommandKey.IdOf(key));

    /// <summary>The <c>kid</c> that its records name.</summary>
    public string KeyId { get; }

    /// <summary>The public half, PEM: what readers are given.</summary>
    public string PublicPem => _key.ExportSubjectPublicKeyInfoPem();

    /// <summary>A signer of a private key in PEM.</summary>
    /// <exception cref="FormatException">The text holds no such key.</exception>
    public static CommandSigner FromPem(string pem) => new(CommandKey.Import(pem));

    /// <exception cref="InvalidOperationException">The record would be longer than <see cref="SignedRecord.MostBytes"/>.</exception>
    public byte[] Sign(Command command) => Sign(CommandFormat.Write(command), SignedRecord.CommandType);

    public byte[] Sign(Heartbeat heartbeat) => Sign(HeartbeatFormat.Write(heartbeat), SignedRecord.HeartbeatType);

    /// <summary>Signs a payload of another type; its reader finds it with <see cref="CommandVerifier.TryOpen"/>.</summary>
    public byte[] Sign(ReadOnlySpan<byte> payload, string type)
    {
        var record = Jws.Write(payload, type, _key, KeyId);
        return record.Length <= SignedRecord.MostBytes
            ? record
            : throw new InvalidOperationException($"a signed record of {record.Length} bytes is longer than the {SignedRecord.MostBytes} that readers take");
    }

    public void Dispose() => _key.Dispose();
}
