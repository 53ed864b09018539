using System.Globalization;

namespace TokenStream.Events;

/// <summary>Times for people.</summary>
public static class UtcText
{
    /// <summary><c>2026-11-01 06:00:00Z</c>: to the second, rounded down.</summary>
    public static string Of(long unixMs) =>
        DateTimeOffset.FromUnixTimeMilliseconds(unixMs).ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
