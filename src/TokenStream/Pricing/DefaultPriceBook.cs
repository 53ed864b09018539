namespace TokenStream.Pricing;

/// <summary>
/// The book that ships with the product: list prices of the common providers on its date. Made from public figures by
/// <c>infra/prices/make_default_book.py</c>.
/// </summary>
public static class DefaultPriceBook
{
    private const string Resource = "TokenStream.Pricing.DefaultPriceBook.yaml";

    private static readonly Lazy<PriceBook> Loaded = new(Load);

    /// <summary>Read on first use; about a tenth of a second.</summary>
    public static PriceBook Book => Loaded.Value;

    private static PriceBook Load()
    {
        using var stream = typeof(DefaultPriceBook).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The assembly lacks its resource {Resource}.");
        using var reader = new StreamReader(stream);
        var load = PriceBookLoader.Load(reader.ReadToEnd(), "default");
        return load.Book ?? throw new InvalidOperationException($"The price book that ships with the product is broken: {load.Errors[0]}");
    }
}
