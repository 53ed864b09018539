using System.Globalization;
using System.IO.Compression;
using TokenStream.Service.Commands;
using Xunit;

namespace TokenStream.Tests.Service.Commands;

public sealed class CheckEventsCommandTests : IDisposable
{
    private const string Good = """{"event_id":"e","time":"2026-01-01T00:00:00Z","tenant_id":"t","provider":"p","model":"m","tokens_in":1,"tokens_out":1}""";
    private const string Bad = """{"event_id":"e","time":1767225600,"tenant_id":"t"}""";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("check-events-");

    [Fact]
    public void A_good_file_ends_with_code_0_and_its_totals()
    {
        var (code, output, _) = Check(Write("good.jsonl", $"{Good}\n{Good}\n"));

        Assert.Equal((0, "2 accepted (2 requests, 0 adjustments, 0 ticks), 0 refused.\n"), (code, output));
    }

    [Fact]
    public void A_bad_line_is_named_and_ends_with_code_1()
    {
        var file = Write("bad.jsonl", $"{Good}\n{Bad}\n{Bad}\n");

        var (code, output, _) = Check(file, most: 1);

        Assert.Equal(1, code);
        Assert.StartsWith($"{file}:2:24: time: time_unusable: ", output, StringComparison.Ordinal);
        Assert.EndsWith(
            ".. and 1 more errors (--max-errors).\n1 accepted (1 requests, 0 adjustments, 0 ticks), 2 refused.\n  time_unusable: 2\n",
            output,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_compressed_file_is_read_by_its_name()
    {
        var file = Path.Combine(_directory.FullName, "good.jsonl.gz");
        using (var writer = new StreamWriter(new GZipStream(File.Create(file), CompressionLevel.Fastest)))
        {
            writer.WriteLine(Good);
        }

        Assert.Equal(0, Check(file).Code);
    }

    [Fact]
    public void A_file_that_is_not_there_ends_with_code_2_and_a_sentence()
    {
        var (code, _, errors) = Check(Path.Combine(_directory.FullName, "nowhere.jsonl"));

        Assert.Equal(2, code);
        Assert.Contains("nowhere.jsonl cannot be checked: ", errors, StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private string Write(string name, string text)
    {
        var file = Path.Combine(_directory.FullName, name);
        File.WriteAllText(file, text);
        return file;
    }

    private static (int Code, string Output, string Errors) Check(string file, int most = 100)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        using var errors = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        return (CheckEventsCommand.Check(file, [], most, output, errors), output.ToString(), errors.ToString());
    }
}
