namespace TokenStream.Tests.Detection.Bench;

/// <summary>A labelled series on its grid of steps, and which steps count.</summary>
internal sealed class BenchSeries
{
    public required string Name { get; init; }

    public required long[] Times { get; init; }

    public required double[] Values { get; init; }

    /// <summary>Of each row its step; where rows are kept as they come, the row's number.</summary>
    public required int[] Index { get; init; }

    public required int StepSeconds { get; init; }

    /// <summary>Of each step whether it belongs to an event.</summary>
    public required bool[] Labels { get; init; }

    /// <summary>First and last second of each window of NAB.</summary>
    public required IReadOnlyList<(long Start, long End)> Windows { get; init; }

    public int Steps => Labels.Length;

    /// <summary>Steps that thresholds may be chosen on, and those that figures come from: from, to.</summary>
    public required (int From, int To) Fit { get; init; }

    public required (int From, int To) Scored { get; init; }

    /// <summary>Steps after the first of an event in which it is found in time, and that may lie between flags of one episode.</summary>
    public int Delay => StepSeconds <= 300 ? 7 : StepSeconds <= 3600 ? 3 : 1;
}
