using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace TokenStream.Detection.SrCnn;

/// <summary>
/// A trained network as a file: a mark, the length of the header, the header as JSON (who made it, from what, how good it is), the
/// parameters as float16 in the order of <see cref="DenseNetwork"/>, and the SHA-256 of all that. All numbers are little-endian.
/// </summary>
public sealed class SrCnnWeights
{
    private const int LongestHeader = 1 << 16;
    private const string Resource = "TokenStream.Detection.SrCnn.SrCnnWeights.bin";

    private static readonly Lazy<SrCnnWeights> _shipped = new(ReadShipped);

    internal SrCnnWeights(SrCnnWeightsHeader header, DenseNetwork network)
    {
        Header = header;
        Network = network;
    }

    /// <summary>Those that are part of the product.</summary>
    public static SrCnnWeights Shipped => _shipped.Value;

    public SrCnnWeightsHeader Header { get; }

    internal DenseNetwork Network { get; }

    private static ReadOnlySpan<byte> Mark => "SRCNNW1\n"u8;

    /// <summary>Reads a file of weights.</summary>
    /// <exception cref="FormatException">It is none, or is damaged; the message says what is wrong.</exception>
    public static SrCnnWeights Read(ReadOnlySpan<byte> file)
    {
        var start = Mark.Length + sizeof(int);
        if (file.Length < start + SHA256.HashSizeInBytes || !file.StartsWith(Mark))
        {
            throw new FormatException("This is no file of weights: 'tokenstream detect train' makes one.");
        }

        var content = file[..^SHA256.HashSizeInBytes];
        if (!SHA256.HashData(content).AsSpan().SequenceEqual(file[^SHA256.HashSizeInBytes..]))
        {
            throw new FormatException("The file of weights is damaged: its checksum is another one.");
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(content[Mark.Length..]);
        if (length is < 2 or > LongestHeader || length > content.Length - start)
        {
            throw new FormatException($"The header of the weights cannot be {length} bytes long.");
        }

        var header = ReadHeader(content.Slice(start, length));
        return new SrCnnWeights(header, ReadNetwork(header, content[(start + length)..]));
    }

    /// <summary>The file.</summary>
    public byte[] Write()
    {
        var header = JsonSerializer.SerializeToUtf8Bytes(Header, SrCnnWeightsJson.Default.SrCnnWeightsHeader);
        var start = Mark.Length + sizeof(int);
        var file = new byte[start + header.Length + (2 * Network.Parameters.Length) + SHA256.HashSizeInBytes];
        Mark.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(Mark.Length), header.Length);
        header.CopyTo(file, start);
        var at = start + header.Length;
        foreach (var parameter in Network.Parameters)
        {
            BinaryPrimitives.WriteHalfLittleEndian(file.AsSpan(at), (Half)parameter);
            at += 2;
        }

        SHA256.HashData(file.AsSpan(0, at)).CopyTo(file, at);
        return file;
    }

    private static SrCnnWeightsHeader ReadHeader(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, SrCnnWeightsJson.Default.SrCnnWeightsHeader) ??
                throw new FormatException("The header of the weights is empty.");
        }
        catch (JsonException failure)
        {
            throw new FormatException($"The header of the weights cannot be read: {failure.Message}", failure);
        }
    }

    private static DenseNetwork ReadNetwork(SrCnnWeightsHeader header, ReadOnlySpan<byte> halves)
    {
        if (header.Layers is not [SrCnnWindow.Length, .., SrCnnWindow.Length] || !DenseNetwork.AreWidths(header.Layers))
        {
            throw new FormatException(
                $"The layers of the weights are none: {SrCnnWindow.Length}, up to {DenseNetwork.MostLayers - 1} multiples of 8, " +
                $"{SrCnnWindow.Length}.");
        }

        var network = new DenseNetwork(header.Layers);
        if (halves.Length != 2 * network.Parameters.Length)
        {
            throw new FormatException($"The weights are {halves.Length} bytes where the layers need {2 * network.Parameters.Length}.");
        }

        for (var i = 0; i < network.Parameters.Length; i++)
        {
            var parameter = (float)BinaryPrimitives.ReadHalfLittleEndian(halves[(2 * i)..]);
            network.Parameters[i] = float.IsFinite(parameter) ? parameter : throw new FormatException($"Weight {i} is no number.");
        }

        return network;
    }

    private static SrCnnWeights ReadShipped()
    {
        using var resource = typeof(SrCnnWeights).Assembly.GetManifestResourceStream(Resource) ??
            throw new InvalidOperationException($"The resource {Resource} is missing from the assembly.");
        using var bytes = new MemoryStream();
        resource.CopyTo(bytes);
        return Read(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }
}

/// <summary>What is said of weights in their file.</summary>
/// <param name="TrainerVersion"><see cref="SrCnnTrainer.Version"/> of the trainer that made them.</param>
/// <param name="Seed">With the same data, options and version it gives the same weights on the same machine.</param>
/// <param name="Epochs">Times that the trainer went through the windows.</param>
/// <param name="Layers">Widths of the input and of every layer.</param>
/// <param name="Data">What they were trained on.</param>
/// <param name="Licence">Under which that data may be used.</param>
/// <param name="Windows">Windows that were trained on.</param>
/// <param name="Loss">Mean cross-entropy of the outputs in the last epoch.</param>
/// <param name="HeldOutWindows">Windows of series that were not trained on.</param>
/// <param name="HeldOutRecall">
/// Of anomalies put at the newest point of those, the share that scores above 99 of 100 of them as they are.
/// </param>
public sealed record SrCnnWeightsHeader(
    int TrainerVersion, long Seed, int Epochs, IReadOnlyList<int> Layers, string Data, string Licence, int Windows, double Loss,
    int HeldOutWindows, double? HeldOutRecall);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SrCnnWeightsHeader))]
internal sealed partial class SrCnnWeightsJson : JsonSerializerContext;
