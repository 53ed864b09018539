namespace TokenStream.Detection.Causes;

/// <summary>
/// Who used most of a scope in some minutes: users and sessions, which rollups do not hold. Whoever counts them answers with the few largest;
/// causes are found without, and then name neither.
/// </summary>
public interface IHeavyHitters
{
    /// <summary>The cost of the heaviest values of a dimension in minutes of a scope, heaviest first; empty where nothing is known.</summary>
    /// <param name="scope">The scope.</param>
    /// <param name="dimension"><c>user</c> or <c>session</c>.</param>
    /// <param name="fromMs">Start of the first minute.</param>
    /// <param name="toMs">Start of the minute after the last one.</param>
    IReadOnlyList<HeavyHitter> Find(SeriesPath scope, string dimension, long fromMs, long toMs);
}

/// <summary>One user or session.</summary>
/// <param name="Value">Its id.</param>
/// <param name="Cost">What it used, picodollars.</param>
public readonly record struct HeavyHitter(string Value, Int128 Cost);
