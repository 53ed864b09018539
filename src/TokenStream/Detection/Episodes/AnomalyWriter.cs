namespace TokenStream.Detection.Episodes;

/// <summary>Puts into words of the outside what episodes and alerts are.</summary>
internal sealed class AnomalyWriter(EpisodeOptions options, Func<SeriesMeasure, DetectorOfMeasure> detectors)
{
    public Anomaly Of(EpisodeAlert alert, string? heldBack)
    {
        var figures = alert.Figures;
        var episodes = alert.Episodes.ToList();
        var members = episodes.Select(episode => episode.Path).Distinct().ToList();
        var ended = alert.IsOver;
        return Of(figures.Lead) with
        {
            Id = alert.State.Id,
            Scope = figures.Scope,
            OpenedMs = alert.State.OpenedMs,
            LastSeenMs = Math.Max(alert.State.OpenedMs, episodes.Max(episode => episode.LastSeenMs)),
            PeakMs = Math.Max(alert.State.OpenedMs, figures.Lead.PeakMs),
            EndedMs = ended ? episodes.Max(episode => episode.EndedMs) : null,
            End = ended ? figures.Lead.End : null,
            Severity = alert.State.Severity,
            Excess = figures.Excess,
            ExcessCost = Materiality.Money(figures.Cost),
            CostPerHour = Materiality.Money(figures.CostPerHour),
            Members = [.. members.Take(options.MaxMembersTold)],
            FurtherMembers = Math.Max(0, members.Count - options.MaxMembersTold),
            HeldBack = heldBack,
        };
    }

    /// <summary>An episode by itself.</summary>
    public Anomaly Of(Episode episode, string? heldBack = null)
    {
        var detector = detectors(episode.Measure);
        return new Anomaly
        {
            Id = episode.Id,
            Scope = episode.Path,
            Measure = episode.Measure,
            Direction = episode.Direction,
            Kind = AnomalyKind.Spike,
            OpenedMs = episode.OpenedMs,
            LastSeenMs = episode.LastSeenMs,
            PeakMs = episode.PeakMs,
            EndedMs = episode.EndedMs,
            End = episode.EndedMs is null ? null : episode.End,
            Severity = AnomalySeverity.Info,
            PeakScore = episode.PeakScore,
            Threshold = episode.Threshold,
            TargetRate = options.TargetRate,
            Value = episode.PeakValue,
            Expected = episode.Expected,
            Lower = episode.Interval.Lower,
            Upper = episode.Interval.Upper,
            Excess = episode.Excess,
            ExcessCost = Materiality.Money(episode.Cost),
            CostPerHour = Materiality.Money(episode.CostPerHour),
            Detector = detector.Name,
            DetectorVersion = detector.Version,
            Members = [episode.Path],
            HeldBack = heldBack,
            Note = episode.Note,
        };
    }

    /// <summary>What stands for the alerts that were held back.</summary>
    /// <param name="attention">Holds a digest.</param>
    /// <param name="held">Those that last.</param>
    /// <param name="minuteMs">The minute that has ended.</param>
    public Anomaly Digest(AttentionBudget attention, List<EpisodeAlert> held, long minuteMs)
    {
        var state = attention.Digest!;
        var worst = held.MaxBy(alert => alert.RiskPerHour);
        return new Anomaly
        {
            Id = state.Id,
            Scope = new SeriesPath(attention.Environment, null, null, null),
            Measure = worst?.Figures.Lead.Measure ?? SeriesMeasure.Cost,
            Direction = worst?.Figures.Lead.Direction ?? AnomalyDirection.Up,
            Kind = AnomalyKind.Digest,
            OpenedMs = state.OpenedMs,
            LastSeenMs = minuteMs,
            PeakMs = state.OpenedMs,
            EndedMs = worst is null ? minuteMs + Episode.MinuteMs : null,
            End = worst is null ? AnomalyEnd.Quiet : null,
            Severity = state.Severity,
            PeakScore = worst?.Figures.Lead.PeakScore ?? 0,
            Threshold = worst?.Figures.Lead.Threshold ?? 0,
            TargetRate = options.TargetRate,
            Value = attention.HeldCount,
            Expected = double.NaN,
            Lower = double.NaN,
            Upper = double.NaN,
            Excess = attention.HeldCount,
            ExcessCost = Materiality.Money(held.Sum(alert => alert.Figures.Cost)),
            CostPerHour = Materiality.Money(held.Sum(alert => alert.Figures.CostPerHour)),
            Detector = "",
            DetectorVersion = 0,
            Members = [.. attention.Held],
            FurtherMembers = Math.Max(0, attention.HeldCount - attention.Held.Count),
        };
    }
}
