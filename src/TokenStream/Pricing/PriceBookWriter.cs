namespace TokenStream.Pricing;
internal static class PriceBookWriter
{
    public static string Write(PriceBookContent book) => book.Name;
}
