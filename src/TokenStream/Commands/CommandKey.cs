using System.Security.Cryptography;

namespace TokenStream.Commands;

/// <summary>A public key that readers of commands trust. Two are valid during a rotation.</summary>
/// <param name="Id">The <c>kid</c>: the first 16 hexadecimal digits of the SHA-256 of the key's SubjectPublicKeyInfo.</param>
public sealed record CommandKey(string Id, ECDsa Key)
{
    private const string PublicLabel = "PUBLIC KEY";

    public static string IdOf(ECDsa key) => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..16];

    /// <summary>Every public key of a text in PEM, in order; other things between them are passed over.</summary>
    /// <exception cref="FormatException">One is broken or not on P-256, or there is none.</exception>
    public static IReadOnlyList<CommandKey> ReadPublic(string pem)
    {
        var keys = new List<CommandKey>();
        var rest = pem.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            if (rest[fields.Label].SequenceEqual(PublicLabel))
            {
                var key = Import(rest[fields.Location].ToString());
                keys.Add(new CommandKey(IdOf(key), key));
            }

            rest = rest[fields.Location.End..];
        }

        return keys.Count > 0 ? keys : throw new FormatException("the text holds no public key in PEM (-----BEGIN PUBLIC KEY-----)");
    }

    /// <summary>A public or private key in PEM.</summary>
    /// <exception cref="FormatException">It is none, or not on P-256.</exception>
    internal static ECDsa Import(string pem)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            var curve = key.ExportParameters(includePrivateParameters: false).Curve;
            return curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value
                ? key
                : throw new FormatException("the key is not on the curve P-256 (prime256v1), which commands are signed on");
        }
        catch (Exception failure) when (failure is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new FormatException($"the key cannot be read: {failure.Message}", failure);
        }
        catch (FormatException)
        {
            key.Dispose();
            throw;
        }
    }
}
