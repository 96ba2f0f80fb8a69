using System.Globalization;
using System.Text.Json;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Silo.Projections;

namespace Tidegate.Silo.Api;

/// <summary>From the grains' records and the projection's rows to the API's.</summary>
internal static class Views
{
    public static AccountView Of(AccountDescription account) => new(
        account.AccountId, account.Name, account.CreatedAt, account.KeyRotationBegunAt, account.KeyRotatedAt,
        account.KeyRotation is { } last
            ? new AccountKeyRotationView(last.Generation, last.Stage, last.Volumes, last.TotalVolumes, last.RewrappedKeys, last.NextPassAt, last.Problem)
            : null);

    public static GatewayMetadataView Of(GatewayMetadata machine) =>
        new(machine.HostName, machine.OperatingSystem, machine.Hardware, machine.AgentVersion, machine.Addresses);

    public static ActivationPreviewView Of(ActivationPreview preview) => new(Of(preview.Metadata), preview.KeyFingerprint, preview.ExpiresAt);

    public static ActivationClaimView Of(ActivationClaim claim) => new(claim.AccountId, claim.GatewayId, claim.Name, claim.TimeZone);

    public static VolumeStatusView Of(VolumeStatus volume) => new(
        volume.VolumeId, volume.State, volume.Reason, volume.BacklogBytes, volume.RecoveryPointAgeSeconds, volume.ServingAt, volume.HydratedBytes, volume.SizeBytes);

    public static GatewayLiveView Of(GatewayLiveDescription live) => new(
        live.AgentVersion, live.InstanceId, live.StartedAt, live.HostName, live.OperatingSystem, live.AppliedConfigurationVersion, [.. live.Volumes.Select(Of)]);

    public static GatewayView Of(GatewayDescription gateway, GatewayLiveDescription? live = null) => new(
        gateway.GatewayId, gateway.AccountId, gateway.Name, gateway.TimeZone, Of(gateway.Metadata), gateway.IsConnected, gateway.LastSeenAt,
        gateway.ConfigurationVersion, gateway.AppliedConfigurationVersion, [.. gateway.Volumes.Select(Of)], gateway.CreatedAt,
        gateway.CertificateExpiresAt, live is null ? null : Of(live));

    public static VolumeView Of(VolumeDescription volume) => new(
        volume.VolumeId, volume.AccountId, volume.GatewayId, volume.Name, volume.SizeBytes, volume.SourceSnapshotId, volume.Epoch,
        volume.CommittedSequence, volume.RecoveryPointAt, volume.CreatedAt, volume.AgentStatus is { } status ? Of(status) : null,
        volume.Scrub is { } scrub ? new VolumeScrubView(scrub.CompletedAt, scrub.DamageCount, [.. scrub.Damages.Select(Of)]) : null,
        volume.RestoredPoint is { } point ? new RestoredPointView(point.VolumeId, point.Sequence, point.CommittedAt) : null);

    public static RecoveryPointView Of(VolumeRecoveryPoint point) => new(point.Sequence, point.CommittedAt, point.HostTime, point.IsThinned);

    public static VolumeDamageView Of(VolumeDamage damage) => new(damage.Kind, damage.BlobKey, damage.Block, damage.Image, damage.Problem);

    public static SnapshotView Of(SnapshotDescription snapshot) => new(
        snapshot.SnapshotId, snapshot.AccountId, snapshot.VolumeId, snapshot.Description, snapshot.State, snapshot.Progress,
        snapshot.RequestedAt, snapshot.PointAt, snapshot.SizeBytes, snapshot.FailureReason);

    public static ReclaimEstimateView Of(VolumeReclaimEstimate estimate) => new(estimate.Bytes, estimate.IsAtLeast) { Waiting = estimate.Waiting };

    public static RetentionView Of(VolumeRetention kept) =>
        new((long)kept.Window.TotalSeconds, (long)kept.ThinEvery.TotalSeconds, (long)kept.ThinFor.TotalSeconds);

    // What no time span holds is out of every range as well.
    public static VolumeRetention Of(RetentionView kept) => new(Seconds(kept.WindowSeconds), Seconds(kept.ThinEverySeconds), Seconds(kept.ThinForSeconds));

    private static TimeSpan Seconds(long seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds, -1, uint.MaxValue));

    public static AuditRecordView Of(AuditRow row) => new(
        row.Aggregate, row.Number, row.AccountId, row.Kind, DateTimeOffset.Parse(row.At, CultureInfo.InvariantCulture), row.ActorId, row.Body,
        Convert.ToHexStringLower(row.PreviousHash), Convert.ToHexStringLower(row.Hash));

    public static GatewaySummary Gateway(JsonElement row) => new(Text(row, "id"), Text(row, "name"), Text(row, "timeZone"), row.GetProperty("createdAt").GetDateTimeOffset());

    public static VolumeSummary Volume(JsonElement row) => new(
        Text(row, "id"), Text(row, "gatewayId"), Text(row, "name"), row.GetProperty("sizeBytes").GetInt64(), Text(row, "sourceSnapshotId"), row.GetProperty("createdAt").GetDateTimeOffset());

    public static SnapshotView Snapshot(JsonElement row) => new(
        Text(row, "id"), Text(row, "accountId"), Text(row, "volumeId"), Text(row, "description"),
        Enum.Parse<SnapshotState>(Text(row, "state"), ignoreCase: true), row.GetProperty("progress").GetDouble(), row.GetProperty("requestedAt").GetDateTimeOffset(),
        row.TryGetProperty("pointAt", out var point) && point.ValueKind == JsonValueKind.String ? point.GetDateTimeOffset() : null,
        row.GetProperty("sizeBytes").GetInt64(), Text(row, "failureReason"));

    private static string Text(JsonElement row, string member) => row.TryGetProperty(member, out var value) ? value.GetString() ?? "" : "";
}
