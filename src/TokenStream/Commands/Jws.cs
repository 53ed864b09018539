using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TokenStream.Events;

namespace TokenStream.Commands;

/// <summary>
/// A signed record: JSON Web Signature in its flattened JSON form (RFC 7515), signed with ES256, which is ECDSA on P-256 with SHA-256, the
/// signature being r and s of 32 bytes each. What is signed is the text <c>protected.payload</c>, both in base64url without padding.
/// </summary>
internal sealed class Jws
{
    public const string Algorithm = "ES256";

    private const int SignatureBytes = 64;

    private readonly byte[] _signed;
    private readonly byte[] _signature;

    private Jws(JwsHeaderJson header, byte[] payload, byte[] signed, byte[] signature) =>
        (Header, Payload, _signed, _signature) = (header, payload, signed, signature);

    public JwsHeaderJson Header { get; }

    public byte[] Payload { get; }

    public static byte[] Write(ReadOnlySpan<byte> payload, string type, ECDsa key, string keyId)
    {
        var header = JsonSerializer.SerializeToUtf8Bytes(
            new JwsHeaderJson { Alg = Algorithm, Kid = keyId, Typ = type }, CommandJsonContext.Default.JwsHeaderJson);
        var record = new JwsJson { Payload = Base64Url.EncodeToString(payload), Protected = Base64Url.EncodeToString(header) };
        var signature = key.SignData(Signed(record), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return JsonSerializer.SerializeToUtf8Bytes(record with { Signature = Base64Url.EncodeToString(signature) }, CommandJsonContext.Default.JwsJson);
    }

    /// <summary>Reads any bytes, trusting nothing: the signature is not looked at.</summary>
    public static CommandRefusal TryRead(ReadOnlySpan<byte> bytes, out Jws? jws)
    {
        jws = null;
        if (!JsonBytes.TryRead(bytes, CommandJsonContext.Default.JwsJson, out var json))
        {
            return CommandRefusal.Malformed;
        }

        if (json.Signature is not { Length: > 0 } || json.Protected is not { Length: > 0 })
        {
            return CommandRefusal.NotSigned;
        }

        if (json.Payload is null || !TryDecode(json.Payload, out var payload) || !TryDecode(json.Signature, out var signature) ||
            !TryDecode(json.Protected, out var protectedBytes) ||
            !JsonBytes.TryRead(protectedBytes, CommandJsonContext.Default.JwsHeaderJson, out var header))
        {
            return CommandRefusal.Malformed;
        }

        if (header.Alg != Algorithm)
        {
            // "none" among them: what is not signed as agreed is not signed.
            return CommandRefusal.NotSigned;
        }

        if (header.Crit is not null)
        {
            return CommandRefusal.Malformed;
        }

        jws = new Jws(header, payload, Signed(json), signature);
        return CommandRefusal.None;
    }

    public bool IsSignedBy(ECDsa key) =>
        _signature.Length == SignatureBytes &&
        key.VerifyData(_signed, _signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    private static byte[] Signed(JwsJson json) => Encoding.ASCII.GetBytes($"{json.Protected}.{json.Payload}");

    /// <summary>Strictly the alphabet of base64url: padding, blanks and line ends are refused.</summary>
    private static bool TryDecode(string text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') && Base64Url.IsValid(text) ? Base64Url.DecodeFromChars(text) : null;
        return bytes is not null;
    }
}
