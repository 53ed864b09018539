using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using TokenStream.Detection.SrCnn;
using Xunit;

namespace TokenStream.Tests.Detection.SrCnn;

public sealed class SrCnnWeightsTests
{
    [Fact]
    public void A_file_reads_back_with_header_and_weights_rounded_to_float16()
    {
        var weights = Drawn();
        var read = SrCnnWeights.Read(weights.Write());
        Assert.Equal(weights.Header.Layers, read.Header.Layers);
        Assert.Equal(weights.Header with { Layers = read.Header.Layers }, read.Header);
        Assert.Equal(weights.Network.Parameters.Select(parameter => (float)(Half)parameter), read.Network.Parameters);
        Assert.Equal(weights.Write(), read.Write());
    }

    [Fact]
    public void The_layout_is_mark_header_float16_and_checksum()
    {
        var weights = Drawn();
        var file = weights.Write();
        Assert.Equal("SRCNNW1\n", Encoding.ASCII.GetString(file, 0, 8));
        var header = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(8));
        Assert.Equal(
            """{"trainer_version":1,"seed":5,"epochs":2,"layers":[128,8,128],"data":"some","licence":"MIT","windows":9,"loss":""" +
            """0.5,"held_out_windows":1,"held_out_recall":0.25}""",
            Encoding.UTF8.GetString(file, 12, header));
        Assert.Equal(12 + header + (2 * ((8 * 129) + (128 * 9))) + 32, file.Length);
        Assert.Equal((Half)weights.Network.Parameters[1], BinaryPrimitives.ReadHalfLittleEndian(file.AsSpan(14 + header)));
        Assert.Equal(SHA256.HashData(file.AsSpan(0, file.Length - 32)), file[^32..]);
    }

    [Fact]
    public void Any_other_bytes_are_refused_and_nothing_else_is_thrown()
    {
        var file = Drawn().Write();
        var random = new Random(1);
        for (var i = 0; i < 500; i++)
        {
            var damaged = file.ToArray();
            damaged[random.Next(damaged.Length)] ^= (byte)random.Next(1, 256);
            Assert.Throws<FormatException>(() => SrCnnWeights.Read(damaged));
            Assert.Throws<FormatException>(() => SrCnnWeights.Read(file.AsSpan(0, random.Next(file.Length))));
        }
    }

    [Theory]
    [InlineData("[128,8,128]", "[128,16,128]", "bytes where the layers need")]
    [InlineData("[128,8,128]", "[128,12,128]", "layers of the weights")]
    [InlineData("[128,8,128]", "[128]", "layers of the weights")]
    [InlineData("[128,8,128]", "null", "cannot be read")]
    [InlineData("\"seed\":5,", "", "cannot be read")]
    [InlineData("{", "[", "cannot be read")]
    public void A_header_that_is_sealed_but_wrong_is_refused_with_the_reason(string part, string other, string reason)
    {
        var file = Drawn().Write();
        var length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(8));
        var header = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(file, 12, length).Replace(part, other, StringComparison.Ordinal));
        var size = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(size, header.Length);
        byte[] content = [.. file.AsSpan(0, 8), .. size, .. header, .. file.AsSpan((12 + length)..^32)];
        var failure = Assert.Throws<FormatException>(() => SrCnnWeights.Read([.. content, .. SHA256.HashData(content)]));
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_weights_that_ship_are_made_by_this_trainer_from_nobodys_data()
    {
        var header = SrCnnWeights.Shipped.Header;
        Assert.Equal((SrCnnTrainer.Version, 0L, "synthetic series"), (header.TrainerVersion, header.Seed, header.Data));
        Assert.Equal(new SrCnnTrainingOptions().Epochs, header.Epochs);
        Assert.Equal([128, .. new SrCnnTrainingOptions().Hidden, 128], header.Layers);
        Assert.InRange(SrCnnWeights.Shipped.Write().Length, 10_000, 500_000);
    }

    private static SrCnnWeights Drawn() => new(
        new SrCnnWeightsHeader(1, 5, 2, [128, 8, 128], "some", "MIT", 9, 0.5, 1, 0.25), DenseNetworkTests.Drawn([128, 8, 128], seed: 6));
}
