using System.Text.Json;
using System.Text.Json.Serialization;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>Alarms in the status document: a list of <c>{kind, message}</c>, empty for none (<c>docs/protocols/local-console.md</c>).</summary>
internal sealed class VolumeAlarmsConverter : JsonConverter<VolumeAlarms>
{
    private static readonly (VolumeAlarms Alarm, string Message)[] Known =
    [
        (VolumeAlarms.RecoveryPointOld, "The newest recovery point at the service is older than its objective."),
        (VolumeAlarms.LogNearlyFull, "More than 90 % of the write log waits for the service."),
        (VolumeAlarms.LogFilling, "More than 70 % of the write log waits for the service."),
        (VolumeAlarms.DrainStalled, "Data waits for the service, and none of it has got there for over a minute."),
        (VolumeAlarms.UplinkTooSlow, "Hosts write faster than the bandwidth limit lets uploads through."),
    ];

    /// <summary>What each of the alarms says to people.</summary>
    public static IEnumerable<string> Messages(VolumeAlarms alarms) => Known.Where(known => alarms.HasFlag(known.Alarm)).Select(static known => known.Message);

    public override VolumeAlarms Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        var kinds = document.RootElement.EnumerateArray().Select(static alarm => alarm.GetProperty("kind").GetString()).ToList();
        return Known.Where(known => kinds.Contains(AlarmNames.Of(known.Alarm)[0])).Aggregate(VolumeAlarms.None, static (all, known) => all | known.Alarm);
    }

    public override void Write(Utf8JsonWriter writer, VolumeAlarms value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var (alarm, message) in Known.Where(known => value.HasFlag(known.Alarm)))
        {
            writer.WriteStartObject();
            writer.WriteString("kind", AlarmNames.Of(alarm)[0]);
            writer.WriteString("message", message);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }
}
