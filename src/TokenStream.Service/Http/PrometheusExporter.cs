using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using TokenStream.Runtime;

namespace TokenStream.Service.Http;

/// <summary>
/// The instruments of this process in Prometheus' text format: counters and gauges under their names with underscores, units spelt out,
/// counters ending in <c>_total</c>; of histograms count, sum and buckets.
/// </summary>
internal sealed class PrometheusExporter : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly string[] Meters =
        [StreamMetrics.MeterName, "TokenStream.Gateway", "TokenStream.Agent", "TokenStream.Proxy", "System.Runtime"];

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<Instrument, Series> _instruments = new();
    private readonly DateTimeOffset _started;
    private readonly Lock _writing = new();

    public PrometheusExporter(TimeProvider clock)
    {
        _started = clock.GetUtcNow();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (Meters.Contains(instrument.Meter.Name))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>The present values.</summary>
    public string Write()
    {
        using var alone = _writing.EnterScope();
        // What is observed is there while somebody observes it: a partition that went to another node shows nothing here.
        foreach (var series in _instruments.Values)
        {
            series.ForgetObserved();
        }

        _listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach (var (instrument, series) in _instruments.OrderBy(i => i.Key.Name, StringComparer.Ordinal))
        {
            series.Write(text, NameOf(instrument), instrument.Description ?? instrument.Name);
        }

        text.Append("# HELP tokenstream_start_time_seconds When the node was started, seconds since the Unix epoch.\n");
        text.Append("# TYPE tokenstream_start_time_seconds gauge\n");
        text.Append(CultureInfo.InvariantCulture, $"tokenstream_start_time_seconds {_started.ToUnixTimeSeconds()}\n");
        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    internal static string NameOf(Instrument instrument)
    {
        var name = new StringBuilder(instrument.Name.Replace('.', '_').Replace('-', '_'));
        var unit = instrument.Unit switch
        {
            "s" => "_seconds",
            "ms" => "_milliseconds",
            "By" => "_bytes",
            _ => "",
        };
        if (!name.ToString().EndsWith(unit, StringComparison.Ordinal))
        {
            name.Append(unit);
        }

        return IsCounter(instrument) ? name.Append("_total").ToString() : name.ToString();
    }

    private static bool IsCounter(Instrument instrument)
    {
        var type = instrument.GetType().GetGenericTypeDefinition();
        return type == typeof(Counter<>) || type == typeof(ObservableCounter<>);
    }

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = _instruments.GetOrAdd(instrument, static i => new Series(i));
        series.Take(Labels(tags), value);
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return "";
        }

        var text = new StringBuilder();
        foreach (var (name, value) in tags)
        {
            text.Append(text.Length == 0 ? "" : ",").Append(name.Replace('.', '_')).Append("=\"");
            text.Append(
                Convert.ToString(value, CultureInfo.InvariantCulture)?.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n"));
            text.Append('"');
        }

        return text.ToString();
    }

    /// <summary>One instrument's values by labels.</summary>
    private sealed class Series(Instrument instrument)
    {
        private static readonly double[] Buckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

        private readonly Lock _lock = new();
        private readonly Dictionary<string, double[]> _values = new(StringComparer.Ordinal);
        private readonly bool _isHistogram = instrument.GetType().GetGenericTypeDefinition() == typeof(Histogram<>);
        private readonly bool _adds = instrument.GetType().GetGenericTypeDefinition() is var type &&
            (type == typeof(Counter<>) || type == typeof(UpDownCounter<>));

        public void ForgetObserved()
        {
            if (instrument.IsObservable)
            {
                lock (_lock)
                {
                    _values.Clear();
                }
            }
        }

        public void Take(string labels, double value)
        {
            lock (_lock)
            {
                if (!_values.TryGetValue(labels, out var held))
                {
                    _values.Add(labels, held = new double[_isHistogram ? Buckets.Length + 2 : 1]);
                }

                if (!_isHistogram)
                {
                    held[0] = _adds ? held[0] + value : value;
                    return;
                }

                for (var i = 0; i < Buckets.Length; i++)
                {
                    held[i] += value <= Buckets[i] ? 1 : 0;
                }

                held[^2] += 1;
                held[^1] += value;
            }
        }

        public void Write(StringBuilder text, string name, string help)
        {
            lock (_lock)
            {
                var kind = _isHistogram ? "histogram" : IsCounter(instrument) ? "counter" : "gauge";
                text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\").Replace("\n", " ")).Append('\n');
                text.Append("# TYPE ").Append(name).Append(' ').Append(kind).Append('\n');
                foreach (var (labels, held) in _values)
                {
                    if (_isHistogram)
                    {
                        WriteHistogram(text, name, labels, held);
                    }
                    else
                    {
                        Line(text, name, labels, held[0]);
                    }
                }
            }
        }

        private static void WriteHistogram(StringBuilder text, string name, string labels, double[] held)
        {
            var separator = labels.Length == 0 ? "" : ",";
            for (var i = 0; i < Buckets.Length; i++)
            {
                Line(text, name + "_bucket", $"{labels}{separator}le=\"{Buckets[i].ToString(CultureInfo.InvariantCulture)}\"", held[i]);
            }

            Line(text, name + "_bucket", $"{labels}{separator}le=\"+Inf\"", held[^2]);
            Line(text, name + "_sum", labels, held[^1]);
            Line(text, name + "_count", labels, held[^2]);
        }

        private static void Line(StringBuilder text, string name, string labels, double value)
        {
            text.Append(name);
            if (labels.Length > 0)
            {
                text.Append('{').Append(labels).Append('}');
            }

            text.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
        }
    }
}
