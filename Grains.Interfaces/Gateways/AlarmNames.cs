using System.Text.Json;

namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Alarms as the API, events and documents spell them.</summary>
public static class AlarmNames
{
    private static readonly VolumeAlarms[] Kinds = [.. Enum.GetValues<VolumeAlarms>().Where(static kind => kind != VolumeAlarms.None)];

    /// <summary>Every alarm that this version knows.</summary>
    public static VolumeAlarms All { get; } = Kinds.Aggregate(VolumeAlarms.None, static (all, kind) => all | kind);

    /// <summary>Their names, in camelCase.</summary>
    public static IReadOnlyList<string> Of(VolumeAlarms alarms) =>
        [.. Kinds.Where(kind => alarms.HasFlag(kind)).Select(static kind => JsonNamingPolicy.CamelCase.ConvertName(kind.ToString()))];
}
