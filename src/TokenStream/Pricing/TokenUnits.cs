namespace TokenStream.Pricing;

/// <summary>
/// The names in an event's <c>units</c> that stand for tokens already within its totals. Where a price row has an own price for one, its
/// tokens leave the class named here and are billed as units; where it has none, they stay and cost what the class costs. Every other name
/// stands alone: it is billed beside the tokens, and unpriced where the row has no price for it.
/// </summary>
public static class TokenUnits
{
    /// <summary>Audio, image, video: in this order within each of the three groups below.</summary>
    public const int Modalities = 3;

    /// <summary>First of the input modalities: subsets of <c>tokens_in</c>, cached ones included.</summary>
    public const int FirstInput = 0;

    /// <summary>First of the cached modalities: subsets of <c>tokens_cached</c> and of the input modality both.</summary>
    public const int FirstCached = 3;

    /// <summary>First of the output modalities: subsets of <c>tokens_out</c> outside reasoning.</summary>
    public const int FirstOutput = 6;

    /// <summary>Number of token units that can have a price of their own.</summary>
    public const int PriceableCount = 9;

    /// <summary>
    /// A unit beside the tokens that events need not name: where a row has a price for it, every request that ended well and is not partial
    /// counts as one, unless its units say otherwise.
    /// </summary>
    public const string Request = "requests";

    /// <summary>The units by number; the last three say nothing that the totals do not and have no price of their own.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "input_audio_tokens",
        "input_image_tokens",
        "input_video_tokens",
        "cached_audio_tokens",
        "cached_image_tokens",
        "cached_video_tokens",
        "output_audio_tokens",
        "output_image_tokens",
        "output_video_tokens",
        "input_text_tokens",
        "cached_text_tokens",
        "output_text_tokens",
    ];

    /// <summary>The class that a token unit's tokens are taken from.</summary>
    public static TokenClass ClassOf(int unit) => unit switch
    {
        < FirstCached => TokenClass.Input,
        < FirstOutput => TokenClass.CacheRead,
        < PriceableCount => TokenClass.Output,
        _ => throw new ArgumentOutOfRangeException(
            nameof(unit), unit, "Only token units with a price of their own are taken from a class."),
    };
}
