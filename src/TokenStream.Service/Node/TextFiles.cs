using System.IO.Compression;
using System.Text;

namespace TokenStream.Service.Node;

/// <summary>Files that may be gzipped: those whose name ends with <c>.gz</c>.</summary>
internal static class TextFiles
{
    public static Stream Open(string file)
    {
        var stream = File.OpenRead(file);
        return file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(stream, CompressionMode.Decompress) : stream;
    }

    public static string Read(string file)
    {
        using var reader = new StreamReader(Open(file), Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
