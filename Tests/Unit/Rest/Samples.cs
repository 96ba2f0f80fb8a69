using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Tests.Unit.Rest;

/// <summary>Records with plausible values.</summary>
internal static class Samples
{
    public const string AccountId = "123456789012";
    public const string GatewayId = "gw-0123456789abcdef0123";
    public const string VolumeId = "vol-0123456789abcdef0123";
    public const string SnapshotId = "snap-0123456789abcdef0123";
    public static readonly DateTimeOffset At = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    public static GatewaySummary Gateway(string name = "site", string id = GatewayId) => new(id, name, "UTC", At);

    public static GatewayView GatewayDetails(bool connected = true, params VolumeStatusView[] volumes) => new(
        GatewayId, AccountId, "site", "UTC", Metadata, connected, At, 4, 3, volumes, At, At.AddYears(1));

    public static GatewayMetadataView Metadata => new("host-a", "Debian", "2 cores", "0.1.0", ["192.0.2.7"]);

    public static VolumeSummary VolumeEntry(string name = "data", string id = VolumeId) => new(id, GatewayId, name, 1 << 30, "", At);

    public static VolumeView Volume(VolumeStatusView? status = null) => new(VolumeId, AccountId, GatewayId, "data", 1 << 30, "", 1, 7, At, At, status);

    public static VolumeStatusView Status(VolumeRunState state, long hydrated = 1 << 30, string reason = "", bool served = true) =>
        new(VolumeId, state, reason, 4096, 1.5, served ? ["nbd://127.0.0.1:10809/data"] : [], hydrated, 1 << 30);

    public static SnapshotView Snapshot(SnapshotState state, double progress = 0, string failure = "") =>
        new(SnapshotId, AccountId, VolumeId, "before the upgrade", state, progress, At, state == SnapshotState.Completed ? At : null, 1 << 30, failure);
}
