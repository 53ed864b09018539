using TokenStream.Windowing;

namespace TokenStream.Detection.Episodes;

/// <summary>How many alerts an environment's people are sent in an hour, and the digest that stands for those beyond.</summary>
internal sealed class AttentionBudget(string environment)
{
    private const long HourMs = 3_600_000;

    private readonly Queue<long> _sent = new();

    public string Environment { get; } = environment;

    /// <summary>What the digest has told; null while there is none.</summary>
    public AlertState? Digest { get; private set; }

    /// <summary>The places of the alerts that it holds, or held.</summary>
    public List<SeriesPath> Held { get; } = [];

    public int HeldCount { get; private set; }

    /// <summary>Whether one more may be sent; if so it counts. The last quarter is for what is critical.</summary>
    public bool TrySend(AnomalySeverity severity, long minuteMs, int perHour)
    {
        while (_sent.TryPeek(out var oldest) && oldest <= minuteMs - HourMs)
        {
            _sent.Dequeue();
        }

        if (_sent.Count >= (severity == AnomalySeverity.Critical ? perHour : perHour - (perHour / 4)))
        {
            return false;
        }

        _sent.Enqueue(minuteMs);
        return true;
    }

    /// <summary>Whether the digest has something new to tell.</summary>
    public bool IsChanged { get; set; }

    /// <summary>The digest takes an alert up, and begins with the first one.</summary>
    public void Hold(EpisodeAlert alert, long minuteMs, int mostNamed)
    {
        var scope = alert.Figures.Scope;
        var all = new SeriesPath(Environment, null, null, null);
        Digest ??= new AlertState(AnomalyId.Of("digest", all, SeriesMeasure.Cost, minuteMs), minuteMs);
        Digest.Severity = (AnomalySeverity)Math.Max((int)Digest.Severity, (int)alert.State.Severity);
        HeldCount += alert.State.IsDigested ? 0 : 1;
        IsChanged = true;
        if (Held.Count < mostNamed && !Held.Contains(scope))
        {
            Held.Add(scope);
        }
    }

    public void End()
    {
        (Digest, HeldCount) = (null, 0);
        Held.Clear();
    }

    public void Write(BlockBuffer to)
    {
        to.Text(Environment);
        to.Unsigned((UInt128)_sent.Count);
        foreach (var sent in _sent)
        {
            to.Signed(sent);
        }

        to.Byte(Digest is null ? (byte)0 : (byte)1);
        Digest?.Write(to);
        to.Signed(HeldCount);
        to.Unsigned((UInt128)Held.Count);
        Held.ForEach(to.Path);
    }

    public static AttentionBudget Read(ref BlockReader from)
    {
        var budget = new AttentionBudget(from.Text());
        for (var left = from.Count(); left > 0; left--)
        {
            budget._sent.Enqueue(from.Long());
        }

        budget.Digest = from.Byte() == 0 ? null : AlertState.Read(ref from);
        budget.HeldCount = from.Int();
        for (var left = from.Count(); left > 0; left--)
        {
            budget.Held.Add(from.Path());
        }

        return budget;
    }
}
