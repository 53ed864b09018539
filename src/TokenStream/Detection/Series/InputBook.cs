using TokenStream.Windowing;

namespace TokenStream.Detection.Series;

/// <summary>
/// The input partitions whose decisions arrive on one rollups partition: how far each has closed, and the values of the decision whose mark
/// has not come yet. Values and marks at or below the last mark's decision are repetitions and change nothing.
/// </summary>
internal sealed class InputBook
{
    private const long MinuteMs = 60_000;
    private const long HourMs = 3_600_000;

    /// <summary>An input that is so far behind the foremost holds no minute back.</summary>
    private const long MostBehindMs = 2 * MinuteMs;

    /// <summary>A silent input partition goes on deciding until it has closed a day, and says nothing then.</summary>
    private const long DayMs = 86_400_000;

    private readonly List<DetectInput> _inputs = [];
    private readonly Dictionary<(string Topic, int Partition), int> _numbers = [];

    public IReadOnlyList<DetectInput> Inputs => _inputs;

    /// <summary>How far the foremost input has closed.</summary>
    public long ForemostMs { get; private set; } = AggregateCommit.Never;

    /// <summary>Minutes that begin before this may lack what was lost.</summary>
    public long GapUntilMs { get; private set; } = AggregateCommit.Never;

    /// <summary>Keeps a final value until its mark comes; of one identity the content is the same, and it counts once.</summary>
    public void Add(Rollup value)
    {
        var input = _inputs[NumberOf(value.Block.Topic, value.Block.Partition, value.Block.Epoch)];
        if (value.Block.Epoch == input.Epoch && value.Block.Decision > input.Decision)
        {
            input.Pending[new PendingKey(value.Block.WindowStartMs, value.Block.Part, value.Key)] = value;
        }
    }

    /// <summary>Takes a mark: hands over the values that count now, in the order in which they came. Returns false for a repetition.</summary>
    /// <exception cref="InvalidOperationException">The mark repeats a decision's number with another position: two decided it.</exception>
    public bool Apply(Mark mark, Action<int, Rollup> fold)
    {
        var number = NumberOf(mark.Topic, mark.Partition, mark.Epoch);
        var input = _inputs[number];
        if (mark.Epoch < input.Epoch || mark.Decision <= input.Decision)
        {
            if (mark.Epoch == input.Epoch && mark.Decision == input.Decision && mark.Position != input.MarkPosition)
            {
                throw new InvalidOperationException(
                    $"decision {mark.Decision} of {mark.Topic}[{mark.Partition}] is marked at position {mark.Position} and at {input.MarkPosition}: two owners decided it");
            }

            return false;
        }

        (input.Decision, input.MarkPosition) = (mark.Decision, mark.Position);
        input.ClosedThroughMs = Math.Max(input.ClosedThroughMs, mark.ClosedThroughMs);
        input.HasRead = mark.Counts.Read > 0;
        ForemostMs = Math.Max(ForemostMs, input.ClosedThroughMs);
        if (input.IsAfterGap)
        {
            (input.IsAfterGap, GapUntilMs) = (false, Math.Max(GapUntilMs, mark.ClosedThroughMs));
        }

        foreach (var (key, value) in input.Pending.Where(pair => pair.Value.Block.Decision <= mark.Decision).ToArray())
        {
            input.FedMs = Math.Max(input.FedMs, value.Block.WindowStartMs);
            input.Pending.Remove(key);
            fold(number, value);
        }

        return true;
    }

    /// <summary>
    /// Whether a minute may be scored: the foremost has closed it, and so has every input that brought anything within the hour before its end,
    /// but for those too far behind.
    /// </summary>
    public bool IsDue(long minuteMs)
    {
        if (ForemostMs < minuteMs + MinuteMs)
        {
            return false;
        }

        foreach (var input in _inputs)
        {
            if (Feeds(input.FedMs, minuteMs) && input.ClosedThroughMs < minuteMs + MinuteMs && ForemostMs - input.ClosedThroughMs <= MostBehindMs)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Whether something of this minute that an input may bring is not known when the minute is scored. One that has ended a day with
    /// nothing to read says no more until something comes: that is silence, and not a gap.
    /// </summary>
    public bool IsBehind(int input, long minuteMs) =>
        _inputs[input].ClosedThroughMs < minuteMs + MinuteMs && !(_inputs[input].ClosedThroughMs % DayMs == 0 && !_inputs[input].HasRead);

    /// <summary>Whether what last brought something then still counts as a feeder of this minute.</summary>
    public static bool Feeds(long fedMs, long minuteMs) => fedMs >= minuteMs + MinuteMs - HourMs;

    /// <summary>
    /// Part of the log is gone: what was waiting for its mark may be incomplete, and whatever an input closes with its next mark, too.
    /// </summary>
    public void Lose()
    {
        foreach (var input in _inputs)
        {
            input.Pending.Clear();
            input.IsAfterGap = true;
        }
    }

    public void Write(BlockBuffer to)
    {
        to.Signed(GapUntilMs);
        to.Unsigned((UInt128)_inputs.Count);
        foreach (var input in _inputs)
        {
            to.Text(input.Topic);
            to.Signed(input.Partition);
            to.Signed(input.Epoch);
            to.Signed(input.Decision);
            to.Signed(input.MarkPosition);
            to.Signed(input.ClosedThroughMs);
            to.Signed(input.FedMs);
            to.Byte((byte)((input.HasRead ? 1 : 0) | (input.IsAfterGap ? 2 : 0)));
            to.Unsigned((UInt128)input.Pending.Count);
            foreach (var value in input.Pending.Values)
            {
                PendingFormat.Write(value, to);
            }
        }
    }

    public static InputBook Read(ref BlockReader from)
    {
        var book = new InputBook { GapUntilMs = from.Long() };
        for (var left = from.Count(); left > 0; left--)
        {
            var input = new DetectInput(from.Text(), checked((int)from.Long()), checked((int)from.Long()))
            {
                Decision = from.Long(),
                MarkPosition = from.Long(),
                ClosedThroughMs = from.Long(),
                FedMs = from.Long(),
            };
            var flags = from.Byte();
            (input.HasRead, input.IsAfterGap) = ((flags & 1) != 0, (flags & 2) != 0);
            for (var values = from.Count(); values > 0; values--)
            {
                var value = PendingFormat.Read(ref from);
                input.Pending[new PendingKey(value.Block.WindowStartMs, value.Block.Part, value.Key)] = value;
            }

            book._numbers.Add((input.Topic, input.Partition), book._inputs.Count);
            book._inputs.Add(input);
            book.ForemostMs = Math.Max(book.ForemostMs, input.ClosedThroughMs);
        }

        return book;
    }

    private int NumberOf(string topic, int partition, int epoch)
    {
        if (!_numbers.TryGetValue((topic, partition), out var number))
        {
            _numbers.Add((topic, partition), number = _inputs.Count);
            _inputs.Add(new DetectInput(topic, partition, epoch));
        }

        var input = _inputs[number];
        if (epoch > input.Epoch)
        {
            // The input was reset: numbers begin anew, and what was not marked of the older epoch never will be.
            input.Pending.Clear();
            (input.Epoch, input.Decision, input.MarkPosition, input.ClosedThroughMs) = (epoch, 0, 0, AggregateCommit.Never);
        }

        return number;
    }
}

/// <summary>How an input partition stands.</summary>
internal sealed class DetectInput(string topic, int partition, int epoch)
{
    public string Topic { get; } = topic;

    public int Partition { get; } = partition;

    public int Epoch { get; set; } = epoch;

    /// <summary>Number of the last marked decision.</summary>
    public long Decision { get; set; }

    public long MarkPosition { get; set; }

    public long ClosedThroughMs { get; set; } = AggregateCommit.Never;

    /// <summary>Start of the newest window that it brought something of.</summary>
    public long FedMs { get; set; } = AggregateCommit.Never;

    /// <summary>Whether the last marked decision had read any record.</summary>
    public bool HasRead { get; set; }

    /// <summary>Whether part of the log is gone and no mark has come since.</summary>
    public bool IsAfterGap { get; set; }

    /// <summary>Final values whose mark has not come.</summary>
    public Dictionary<PendingKey, Rollup> Pending { get; } = [];
}

/// <summary>Identity of a value within its input and epoch.</summary>
internal readonly record struct PendingKey(long WindowMs, long Part, RollupKey Key);
