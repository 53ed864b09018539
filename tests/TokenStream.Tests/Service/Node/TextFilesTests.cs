using System.IO.Compression;
using System.Text;
using TokenStream.Service.Node;
using Xunit;

namespace TokenStream.Tests.Service.Node;

public sealed class TextFilesTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenstream-text-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("plain.csv", false)]
    [InlineData("packed.csv.gz", true)]
    [InlineData("PACKED.GZ", true)]
    public void A_file_is_read_gzipped_or_not(string name, bool packed)
    {
        var file = Path.Combine(_folder.FullName, name);
        var bytes = Encoding.UTF8.GetBytes("a,b\nü,€\n");
        using (var stream = packed ? (Stream)new GZipStream(File.Create(file), CompressionLevel.Fastest) : File.Create(file))
        {
            stream.Write(bytes);
        }

        Assert.Equal("a,b\nü,€\n", TextFiles.Read(file));
    }
}
