using System.Text;
using FsCheck;
using FsCheck.Fluent;
using TokenStream.Detection;
using TokenStream.Governing.Anomalies;
using TokenStream.Scopes;
using Xunit;

namespace TokenStream.Tests.Governing.Anomalies;

public sealed class AnomalyRequestFormatTests
{
    private static readonly AnomalySilence Silence = new()
    {
        Id = "silence-0a",
        Scope = Scope.Of((ScopeDimension.Tenant, ScopeTerm.Glob("ac*"))),
        Measure = SeriesMeasure.TokensOut,
        UntilMs = 5,
        Reason = "why",
        By = "ada",
        AtMs = 3,
        EndedMs = 4,
        EndedBy = "bob",
        EndedReason = "done",
    };

    [Fact]
    public void A_silence_and_a_resolution_read_back()
    {
        Assert.True(AnomalyRequestFormat.TryRead("silence/silence-0a", AnomalyRequestFormat.Write(Silence), out AnomalySilence? silence));
        Assert.Equal(Silence, silence);
        Assert.Equal("silence/silence-0a", AnomalyRequestFormat.KeyOf(Silence));
        var resolution = new AnomalyResolution("0a", "why", "ada", 3);
        Assert.Equal(
            """{"format":1,"resolution":{"anomaly":"0a","reason":"why","by":"ada","at_ms":3}}""",
            Encoding.UTF8.GetString(AnomalyRequestFormat.Write(resolution)));
        Assert.True(AnomalyRequestFormat.TryRead("resolution/0a", AnomalyRequestFormat.Write(resolution), out AnomalyResolution? read));
        Assert.Equal(resolution, read);
    }

    [Fact]
    public void A_record_under_another_key_is_none()
    {
        Assert.False(AnomalyRequestFormat.TryRead("silence/other", AnomalyRequestFormat.Write(Silence), out AnomalySilence? _));
        Assert.False(AnomalyRequestFormat.TryRead("manual/silence-0a", AnomalyRequestFormat.Write(Silence), out AnomalySilence? _));
        Assert.False(AnomalyRequestFormat.TryRead("resolution/0b", AnomalyRequestFormat.Write(new AnomalyResolution("0a", "", "", 3)), out AnomalyResolution? _));
    }

    [Fact]
    public void Others_and_broken_records_of_the_topic_are_left_aside()
    {
        var read = AnomalyRequestFormat.Read(
        [
            ("silence/silence-0a", AnomalyRequestFormat.Write(Silence)), ("silence/x", "{}"u8.ToArray()), ("manual/a", "{}"u8.ToArray()), ("resolution/a", null),
        ]);
        Assert.Equal([Silence], read.Silences);
        Assert.Empty(read.Resolutions);
        Assert.Same(AnomalyRequests.None, AnomalyRequestFormat.Read([("budgets/1", [])]));
    }

    [Fact]
    public void No_bytes_make_the_reader_throw()
    {
        var golden = AnomalyRequestFormat.Write(Silence);
        Check.QuickThrowOnFailure(Prop.ForAll((byte[] noise, int place) =>
        {
            var bytes = golden.ToArray();
            var start = (place & int.MaxValue) % bytes.Length;
            noise.AsSpan(0, Math.Min(noise.Length, bytes.Length - start)).CopyTo(bytes.AsSpan(start));
            AnomalyRequestFormat.TryRead("silence/silence-0a", bytes, out AnomalySilence? _);
            AnomalyRequestFormat.TryRead("resolution/a", noise, out AnomalyResolution? _);
        }));
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(4, false)]
    public void A_silence_is_in_force_until_it_ends(long nowMs, bool isInForce)
    {
        Assert.Equal(isInForce, (Silence with { EndedMs = null, UntilMs = 4 }).IsInForce(nowMs));
        Assert.False(Silence.IsInForce(nowMs));
    }
}
