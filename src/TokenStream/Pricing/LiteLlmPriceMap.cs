namespace TokenStream.Pricing;

internal static class LiteLlmPriceMap
{
    public static bool Recognises(string text) => false;

    public static PriceBookContent? Read(string text, string name, PriceBookErrors errors) => throw new NotSupportedException(name + text + errors);
}
