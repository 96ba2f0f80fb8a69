using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Uplink;
using Xunit;

namespace Tidegate.Tests.Unit.Uplink;

/// <summary>What operators' tools are told of the uplink.</summary>
public sealed class UplinkMetricsTests
{
    [Fact]
    public void The_worst_volume_and_the_limits_are_told_and_no_volume_is_a_dimension()
    {
        var told = new Dictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, on) =>
        {
            if (instrument.Meter.Name == ShadowMetrics.MeterName) on.EnableMeasurementEvents(instrument);
        };
        var thread = Environment.CurrentManagedThreadId;
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.Start();

        using var limits = new UplinkLimits(new UplinkOptions(UploadBytesPerSecond: 50_000), TimeProvider.System, NullLogger.Instance);
        var quiet = new VolumeReading(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(60), 100, 1000, 100, 0, IsHeldBack: false, IsPaused: false);
        UplinkMetrics.Record([quiet, quiet with { Age = TimeSpan.FromSeconds(90), BacklogBytes = 700, WrittenEnd = 700 }], limits, alarms: 2);
        UplinkMetrics.CountGranted(4096, isUpload: true);

        Assert.Equal(90, told["tidegate.agent.recovery_point.age"]);
        Assert.Equal(0.7, told["tidegate.agent.log.fill"]);
        Assert.Equal(800, told["tidegate.agent.log.backlog"]);
        Assert.Equal(2, told["tidegate.agent.alarms"]);
        Assert.Equal((50_000, -1), (told["tidegate.agent.uplink.limit up"], told["tidegate.agent.uplink.limit down"]));
        Assert.Equal(4096, told["tidegate.agent.uplink.granted up"]);

        void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            // Other tests measure on their own threads.
            if (Environment.CurrentManagedThreadId != thread) return;
            Assert.All(tags.ToArray(), tag => Assert.Equal("direction", tag.Key));
            told[string.Join(' ', tags.ToArray().Select(tag => tag.Value).Prepend(instrument.Name))] = value;
        }
    }
}
