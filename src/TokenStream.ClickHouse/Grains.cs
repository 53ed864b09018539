using TokenStream.Storage;

namespace TokenStream.ClickHouse;

/// <summary>What the schema calls a grain, and how long its rows are kept.</summary>
internal static class Grains
{
    public const long MsPerDay = 86_400_000;

    /// <summary>The grains that others are sealed into, finest first.</summary>
    public static readonly Grain[] Sealed = [Grain.Minute, Grain.Hour, Grain.Day];

    extension(Grain grain)
    {
        /// <summary>Length of a window, milliseconds.</summary>
        public long Ms => grain switch
        {
            Grain.TenSeconds => 10_000,
            Grain.Minute => 60_000,
            Grain.Hour => 3_600_000,
            _ => MsPerDay,
        };

        /// <summary>What tables, views and seals call it.</summary>
        public string Suffix => grain switch
        {
            Grain.TenSeconds => "10s",
            Grain.Minute => "1m",
            Grain.Hour => "1h",
            _ => "1d",
        };

        /// <summary>The function that gives the start of its window.</summary>
        public string StartFunction => grain switch
        {
            Grain.Minute => "toStartOfMinute",
            Grain.Hour => "toStartOfHour",
            Grain.Day => "toStartOfDay",
            _ => throw new ArgumentOutOfRangeException(nameof(grain), grain, "The finest grain is not sealed."),
        };

        /// <summary>
        /// How long its rows are kept after they were written, once they are sealed into the next grain; days are kept for ever.
        /// </summary>
        public TimeSpan Retention => grain switch
        {
            Grain.TenSeconds => TimeSpan.FromDays(7),
            Grain.Minute => TimeSpan.FromDays(100),
            Grain.Hour => TimeSpan.FromDays(800),
            _ => throw new ArgumentOutOfRangeException(nameof(grain), grain, "Days are kept."),
        };

        public Grain Finer => grain == Grain.TenSeconds ? throw new ArgumentOutOfRangeException(nameof(grain)) : grain - 1;

        public Grain Coarser => grain == Grain.Day ? throw new ArgumentOutOfRangeException(nameof(grain)) : grain + 1;

        /// <summary>Start of the window that a time of 1970 or later lies in.</summary>
        public long Floor(long unixMs) => unixMs - (unixMs % grain.Ms);
    }

    public static Grain FromSuffix(string suffix) => suffix switch
    {
        "1m" => Grain.Minute,
        "1h" => Grain.Hour,
        "1d" => Grain.Day,
        _ => throw new FormatException($"The seals name a grain '{suffix}' that this program does not know."),
    };
}
