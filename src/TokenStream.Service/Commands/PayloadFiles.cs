using TokenStream.Mapping;
using TokenStream.Service.Node;

namespace TokenStream.Service.Commands;

/// <summary>Reads a payload as a gateway sent it.</summary>
internal static class PayloadFiles
{
    /// <summary>A file, unpacked where its name ends in .gz, or standard input for a dash.</summary>
    public static Stream Open(string file) => file == "-" ? Console.OpenStandardInput() : TextFiles.Open(file);

    /// <summary>At most one byte more than a payload may have, so that a longer one is still seen to be too long.</summary>
    public static byte[] Read(Stream stream)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (bytes.Length <= MappingLimits.PayloadBytes && stream.Read(buffer) is var read and > 0)
        {
            bytes.Write(buffer, 0, (int)Math.Min(read, MappingLimits.PayloadBytes + 1 - bytes.Length));
        }

        return bytes.ToArray();
    }
}
