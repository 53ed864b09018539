using TokenStream.Yaml;

namespace TokenStream.Pricing;

/// <summary>What came of reading a price book: the book, or every error of its text.</summary>
public sealed record PriceBookLoad(PriceBook? Book, IReadOnlyList<TextError> Errors);
