using TokenStream.Pricing;

namespace TokenStream.Service.Commands;

/// <summary>Reads price books from files.</summary>
internal static class PriceBookFiles
{
    /// <summary>
    /// The default book, or a file's entries over it. Null where the file cannot be read or is broken, after every error was written to
    /// standard error as <c>file:line:column: message</c>.
    /// </summary>
    internal static async Task<PriceBook?> LoadAsync(FileInfo? file, CancellationToken cancellation)
    {
        if (file is null)
        {
            return DefaultPriceBook.Book;
        }

        string text;
        try
        {
            text = await File.ReadAllTextAsync(file.FullName, cancellation);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"The price book {file.FullName} cannot be read (--prices): {exception.Message}");
            return null;
        }

        var load = PriceBookLoader.Load(text, file.Name);
        foreach (var error in load.Errors)
        {
            await Console.Error.WriteLineAsync($"{file.FullName}:{error}");
        }

        return load.Book is { } book ? PriceBook.Overlay(DefaultPriceBook.Book, book) : null;
    }
}
