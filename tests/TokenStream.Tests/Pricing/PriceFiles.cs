using System.IO.Compression;
using TokenStream.Pricing;
using Xunit;

namespace TokenStream.Tests.Pricing;

/// <summary>The price data that tests read, and books written inline.</summary>
internal static class PriceFiles
{
    public static IEnumerable<string> Lines(string name)
    {
        using var reader = Open(name);
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    public static string Text(string name)
    {
        using var reader = Open(name);
        return reader.ReadToEnd();
    }

    /// <summary>A book whose text has the header that every book needs before it.</summary>
    public static PriceBook Book(string body)
    {
        var load = PriceBookLoader.Load($"name: test\ndate: 2026-08-21\n{body}", "test");
        Assert.Empty(load.Errors);
        return load.Book!;
    }

    /// <summary>A book with one model, <c>acme/m</c>, whose entries are given as YAML flow mappings.</summary>
    public static PriceBook Model(params string[] entries) =>
        Book($"providers:\n  acme:\n    models:\n      m:\n        prices:\n{string.Concat(entries.Select(entry => $"          - {entry}\n"))}");

    public static PricePlan Plan(this PriceBook book, string provider, string model) => book.Plan("tenant", provider, model, string.Empty, string.Empty);

    /// <summary>The first YAML example of the price book's documentation.</summary>
    public static string DocumentedBook()
    {
        const string Fence = "```yaml\n";
        var text = File.ReadAllText(Path.Combine(Root(), "docs", "prices.md"));
        var start = text.IndexOf(Fence, StringComparison.Ordinal) + Fence.Length;
        return text[start..text.IndexOf("```", start, StringComparison.Ordinal)];
    }

    private static StreamReader Open(string name) =>
        new(new GZipStream(File.OpenRead(Path.Combine(Root(), "tests", "data", "prices", name)), CompressionMode.Decompress));

    private static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "TokenStream.sln")))
        {
            directory = directory.Parent;
        }

        return directory!.FullName;
    }
}
