using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Tidegate.GatewayAgent.Shadow;

namespace Tidegate.GatewayAgent.Support;

/// <summary>
/// Adds up the agent's own meters, so that a support bundle has them where nobody collects metrics: sums of counters, count and sum of
/// histograms, the last value of gauges. Thread-safe.
/// </summary>
internal sealed class MetricsLedger : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, double> _values = new(StringComparer.Ordinal);

    public MetricsLedger()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == ShadowMetrics.MeterName) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => Note(instrument, value));
        _listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => Note(instrument, value));
        _listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Note(instrument, value));
        _listener.Start();
    }

    /// <summary>Every instrument's value now, and figures of the process.</summary>
    public IReadOnlyDictionary<string, double> Read()
    {
        _listener.RecordObservableInstruments();
        return new SortedDictionary<string, double>(_values, StringComparer.Ordinal)
        {
            ["process.memory.managed"] = GC.GetTotalMemory(forceFullCollection: false),
            ["process.memory.resident"] = Environment.WorkingSet,
            ["process.threads"] = ThreadPool.ThreadCount,
            ["process.work_items.pending"] = ThreadPool.PendingWorkItemCount,
            ["process.gc.collections.gen2"] = GC.CollectionCount(2),
        };
    }

    public void Dispose() => _listener.Dispose();

    private void Note(Instrument instrument, double value)
    {
        switch (instrument)
        {
            case Histogram<long> or Histogram<double> or Histogram<int>:
                Add($"{instrument.Name}.sum", value);
                Add($"{instrument.Name}.count", 1);
                break;
            case { IsObservable: true } or Gauge<long> or Gauge<double> or Gauge<int>:
                _values[instrument.Name] = value;
                break;
            default:
                Add(instrument.Name, value);
                break;
        }
    }

    private void Add(string name, double value) => _values.AddOrUpdate(name, value, (_, sum) => sum + value);
}
