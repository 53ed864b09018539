using System.Security.Cryptography;
using TokenStream.Commands;

namespace TokenStream.Simulation.Governing;

/// <summary>
/// Signatures without elliptic curves: a hash in their place, which is quick and the same in every run. Real keys are the matter of other
/// tests.
/// </summary>
internal sealed class SimulatedSigning : ECDsa
{
    private static readonly byte[] Secret = "simulated"u8.ToArray();

    public static CommandSigner Signer { get; } = new(new SimulatedSigning());

    public static CommandVerifier Verifier { get; } = new([new CommandKey(Signer.KeyId, new SimulatedSigning())]);

    private SimulatedSigning() => KeySizeValue = 256;

    public override byte[] SignHash(byte[] hash)
    {
        var half = SHA256.HashData([.. Secret, .. hash]);
        return [.. half, .. half];
    }

    public override bool VerifyHash(byte[] hash, byte[] signature) => SignHash(hash).AsSpan().SequenceEqual(signature);

    public override byte[] ExportSubjectPublicKeyInfo() => Secret;
}
