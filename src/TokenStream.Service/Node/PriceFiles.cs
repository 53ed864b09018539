using TokenStream.Pricing;

namespace TokenStream.Service.Node;

/// <summary>The price book that a node or a command works with.</summary>
internal static class PriceFiles
{
    /// <summary>
    /// The default book, under the entries of a file where one is named. Throws <see cref="NodeStartException"/> with every error of it.
    /// </summary>
    public static PriceBook Book(string? file)
    {
        if (file is null)
        {
            return DefaultPriceBook.Book;
        }

        return PriceBook.Overlay(DefaultPriceBook.Book, Read(file));
    }

    /// <summary>The book of a file, ours or LiteLLM's, gzipped or not.</summary>
    public static PriceBook Read(string file)
    {
        string text;
        try
        {
            text = TextFiles.Read(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new NodeStartException($"the price book {file} cannot be read: {failure.Message} (--prices)", failure);
        }

        var load = PriceBookLoader.Load(text, Path.GetFileName(file));
        return load.Book ?? throw new NodeStartException(
            $"the price book {file} is broken (--prices):\n" + string.Join('\n', load.Errors.Select(e => $"  {file}:{e}")));
    }
}
