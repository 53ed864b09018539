using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using TokenStream.Commands;
using Xunit;

namespace TokenStream.Tests.Commands;

public sealed class CommandVerifierTests
{
    private static readonly CommandVerifier Verifier = new([CommandSamples.PublicKey(CommandSamples.RfcKey())]);

    [Fact]
    public void The_example_of_the_standard_is_accepted()
    {
        // RFC 7515, appendix A.3 (ES256), written in the flattened form of its section 7.2.2.
        var json =
            """
            {"payload":"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
             "protected":"eyJhbGciOiJFUzI1NiJ9",
             "signature":"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"}
            """u8;
        Assert.Equal(CommandRefusal.None, Jws.TryRead(json, out var jws));
        Assert.True(jws!.IsSignedBy(CommandSamples.RfcKey()));
        Assert.Equal("{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}", Encoding.UTF8.GetString(jws.Payload));
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.False(jws.IsSignedBy(other));

        // It names no key, so that no key can be looked up.
        Assert.Equal(CommandRefusal.UnknownKey, Verifier.TryOpen(json, out _, out _));
    }

    [Fact]
    public void What_is_signed_is_believed()
    {
        using var signer = CommandSamples.Signer();
        Assert.Equal(CommandRefusal.None, Verifier.TryVerify(Key(CommandSamples.Kill.Key), signer.Sign(CommandSamples.Kill), out var record));
        Assert.Equal(CommandSamples.Kill.Version, record.Command!.Version);
        Assert.Null(record.Heartbeat);
        Assert.Equal(CommandRefusal.None, Verifier.TryVerify(Key("heartbeat/3"), signer.Sign(CommandSamples.Heartbeat), out record));
        Assert.Equal(CommandSamples.Heartbeat, record.Heartbeat);
        Assert.Null(record.Command);
    }

    [Fact]
    public void A_key_has_the_id_that_its_public_half_gives()
    {
        // openssl pkey -pubin -in key.pem -outform DER | sha256sum
        using var signer = CommandSamples.Signer();
        var expected = Convert.ToHexStringLower(SHA256.HashData(CommandSamples.RfcKey().ExportSubjectPublicKeyInfo()))[..16];
        Assert.Equal(expected, signer.KeyId);
        Assert.Equal([signer.KeyId], Verifier.KeyIds);
    }

    [Fact]
    public void Two_keys_are_valid_during_a_rotation_and_the_old_one_not_after_it()
    {
        using var old = CommandSamples.Signer();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var current = new CommandSigner(key);
        var both = new CommandVerifier(CommandKey.ReadPublic(CommandSamples.RfcKey().ExportSubjectPublicKeyInfoPem() + "\n" + key.ExportSubjectPublicKeyInfoPem()));
        var one = new CommandVerifier([CommandSamples.PublicKey(key)]);
        var name = Key(CommandSamples.Kill.Key);
        Assert.Equal(CommandRefusal.None, both.TryVerify(name, old.Sign(CommandSamples.Kill), out _));
        Assert.Equal(CommandRefusal.None, both.TryVerify(name, current.Sign(CommandSamples.Kill), out _));
        Assert.Equal(CommandRefusal.UnknownKey, one.TryVerify(name, old.Sign(CommandSamples.Kill), out _));
    }

    [Fact]
    public void A_forgery_under_a_trusted_keys_name_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var forged = Jws.Write(CommandFormat.Write(CommandSamples.Kill), SignedRecord.CommandType, key, Verifier.KeyIds.Single());
        Assert.Equal(CommandRefusal.BadSignature, Verifier.TryVerify(Key(CommandSamples.Kill.Key), forged, out _));
    }

    [Fact]
    public void A_changed_payload_header_or_signature_is_refused()
    {
        using var signer = CommandSamples.Signer();
        var json = JsonNode.Parse(signer.Sign(CommandSamples.Release))!.AsObject();
        var harder = CommandFormat.Write(CommandSamples.Release with { Action = CommandAction.Kill });
        Assert.Equal(CommandRefusal.BadSignature, Verify(With(json, "payload", Base64Url.EncodeToString(harder))));
        var header = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(
            $$"""{"typ":"{{SignedRecord.CommandType}}","kid":"{{signer.KeyId}}","alg":"ES256"}"""));
        Assert.Equal(CommandRefusal.BadSignature, Verify(With(json, "protected", header)));
        Assert.Equal(CommandRefusal.BadSignature, Verify(With(json, "signature", Base64Url.EncodeToString(new byte[64]))));
        Assert.Equal(CommandRefusal.BadSignature, Verify(With(json, "signature", Base64Url.EncodeToString(new byte[63]))));
        Assert.Equal(CommandRefusal.Malformed, Verify(With(json, "signature", json["signature"]!.GetValue<string>() + "=")));
        Assert.Equal(CommandRefusal.Malformed, Verify(With(json, "payload", "a b")));
    }

    [Theory]
    [InlineData("""{"alg":"none","kid":"KID","typ":"tokenstream-command+json"}""", CommandRefusal.NotSigned)]
    [InlineData("""{"alg":"HS256","kid":"KID","typ":"tokenstream-command+json"}""", CommandRefusal.NotSigned)]
    [InlineData("""{"alg":"ES256","kid":"KID","typ":"tokenstream-command+json","crit":["exp"]}""", CommandRefusal.Malformed)]
    [InlineData("""{"alg":"ES256","alg":"ES256","kid":"KID"}""", CommandRefusal.Malformed)]
    [InlineData("""{"alg":"ES256","kid":"0000000000000000","typ":"tokenstream-command+json"}""", CommandRefusal.UnknownKey)]
    [InlineData("""{"alg":"ES256","kid":"KID"}""", CommandRefusal.WrongType)]
    [InlineData("""{"alg":"ES256","kid":"KID","typ":"tokenstream-heartbeat+json"}""", CommandRefusal.WrongType)]
    [InlineData("[]", CommandRefusal.Malformed)]
    public void A_header_that_is_not_as_agreed_is_refused_although_the_signature_is_right(string header, CommandRefusal expected)
    {
        var part = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header.Replace("KID", Verifier.KeyIds.Single(), StringComparison.Ordinal)));
        var payload = Base64Url.EncodeToString(CommandFormat.Write(CommandSamples.Release));
        var signature = CommandSamples.RfcKey().SignData(Encoding.ASCII.GetBytes($"{part}.{payload}"), HashAlgorithmName.SHA256);
        var json = new JsonObject { ["payload"] = payload, ["protected"] = part, ["signature"] = Base64Url.EncodeToString(signature) };
        Assert.Equal(expected, Verify(json));
    }

    [Fact]
    public void A_bare_command_and_none_at_all_are_refused()
    {
        Assert.Equal(CommandRefusal.NotSigned, Verifier.TryVerify(Key(CommandSamples.Release.Key), CommandFormat.Write(CommandSamples.Release), out _));
        Assert.Equal(CommandRefusal.NoValue, Verifier.TryVerify(Key(CommandSamples.Release.Key), [], out _));
        Assert.Equal(CommandRefusal.NotSigned, Verifier.TryVerify(Key(CommandSamples.Release.Key), "{}"u8, out _));
        Assert.Equal(CommandRefusal.Malformed, Verifier.TryVerify(Key(CommandSamples.Release.Key), "[]"u8, out _));
        Assert.Equal(CommandRefusal.TooLong, Verifier.TryVerify(Key("x"), new byte[SignedRecord.MostBytes + 1], out _));
    }

    [Fact]
    public void A_signed_record_under_another_key_is_refused()
    {
        using var signer = CommandSamples.Signer();
        var kill = signer.Sign(CommandSamples.Kill);
        Assert.Equal(CommandRefusal.KeyMismatch, Verifier.TryVerify(Key(CommandSamples.Release.Key), kill, out var record));
        Assert.Null(record.Command);
        Assert.Equal(CommandRefusal.WrongType, Verifier.TryVerify(Key("heartbeat/3"), kill, out _));
        Assert.Equal(CommandRefusal.KeyMismatch, Verifier.TryVerify(Key("heartbeat/2"), signer.Sign(CommandSamples.Heartbeat), out record));
        Assert.Null(record.Heartbeat);
        Assert.Equal(CommandRefusal.WrongType, Verifier.TryVerify(Key("all|budget/x"), signer.Sign(CommandSamples.Heartbeat), out _));
    }

    [Fact]
    public void No_bytes_throw()
    {
        using var signer = CommandSamples.Signer();
        var good = signer.Sign(CommandSamples.Kill);
        var payload = CommandFormat.Write(CommandSamples.Kill);
        var inputs = ArbMap.Default.ArbFor<(byte[] Noise, int At, byte Flip)>();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll(inputs, input =>
        {
            var (noise, at, flip) = input;
            Verifier.TryVerify(noise, noise, out _);
            CommandFormat.TryRead(noise, out _);
            var position = (at & int.MaxValue) % payload.Length;
            var damaged = (byte[])payload.Clone();
            damaged[position] ^= flip;
            CommandFormat.TryRead(damaged, out _);
            CommandFormat.TryRead(payload.AsSpan(0, position), out _);
            HeartbeatFormat.TryRead(damaged, out _);
            RequestFormat.TryRead("manual/x", damaged, out _);
            var record = (byte[])good.Clone();
            record[position % record.Length] ^= flip;
            var refusal = Verifier.TryVerify(Key(CommandSamples.Kill.Key), record, out var read);
            return refusal != CommandRefusal.None || read.Command!.Version == CommandSamples.Kill.Version;
        }));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")]
    public void A_broken_key_is_refused_with_a_sentence(string pem) => Assert.Throws<FormatException>(() => CommandKey.ReadPublic(pem));

    [Fact]
    public void A_key_on_another_curve_is_refused_with_a_sentence()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var failure = Assert.Throws<FormatException>(() => CommandKey.ReadPublic(key.ExportSubjectPublicKeyInfoPem()));
        Assert.Contains("P-256", failure.Message, StringComparison.Ordinal);
    }

    private static CommandRefusal Verify(JsonObject json) =>
        Verifier.TryVerify(Key(CommandSamples.Release.Key), Encoding.UTF8.GetBytes(json.ToJsonString()), out _);

    private static JsonObject With(JsonObject json, string member, string value)
    {
        var changed = json.DeepClone().AsObject();
        changed[member] = value;
        return changed;
    }

    private static byte[] Key(string text) => Encoding.UTF8.GetBytes(text);
}
