using System.Globalization;
using System.Text.Json;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
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
        volume.VolumeId, volume.State, volume.Reason, volume.BacklogBytes, volume.RecoveryPointAgeSeconds, volume.ServingAt, volume.HydratedBytes, volume.SizeBytes,
        volume.Since, volume.CopiedBytes, volume.LeftBytes, volume.RemainingSeconds)
    {
        Alarms = AlarmNames.Of(volume.Alarms),
        LogFill = volume.LogFill is > 0 and <= 1 ? volume.LogFill : 0,
    };

    public static GatewayLiveView Of(GatewayLiveDescription live) => new(
        live.AgentVersion, live.InstanceId, live.StartedAt, live.HostName, live.OperatingSystem, live.AppliedConfigurationVersion, [.. live.Volumes.Select(Of)]);

    public static GatewayView Of(GatewayDescription gateway, GatewayLiveDescription? live = null) => new(
        gateway.GatewayId, gateway.AccountId, gateway.Name, gateway.TimeZone, Of(gateway.Metadata), gateway.IsConnected, gateway.LastSeenAt,
        gateway.ConfigurationVersion, gateway.AppliedConfigurationVersion, [.. gateway.Volumes.Select(Of)], gateway.CreatedAt,
        gateway.CertificateExpiresAt, live is null ? null : Of(live))
    {
        Bandwidth = BandwidthViews.Of(gateway.Bandwidth),
        Alarms = [.. gateway.Alarms.Select(static raised => new AlarmView(raised.VolumeId, AlarmNames.Of(raised.Alarms), raised.ChangedAt))],
    };

    public static VolumeView Of(VolumeDescription volume) => new(
        volume.VolumeId, volume.AccountId, volume.GatewayId, volume.Name, volume.SizeBytes, volume.SourceSnapshotId, volume.Epoch,
        volume.CommittedSequence, volume.RecoveryPointAt, volume.CreatedAt, volume.AgentStatus is { } status ? Of(status) : null,
        volume.Scrub is { } scrub ? new VolumeScrubView(scrub.CompletedAt, scrub.DamageCount, [.. scrub.Damages.Select(Of)]) : null,
        volume.RestoredPoint is { } point ? new RestoredPointView(point.VolumeId, point.Sequence, point.CommittedAt) : null)
    {
        RecoveryPointObjectiveSeconds = volume.RecoveryPointObjectiveSeconds,
        Alarms = AlarmNames.Of(volume.Alarms),
    };

    public static RecoveryPointView Of(VolumeRecoveryPoint point) => new(point.Sequence, point.CommittedAt, point.HostTime, point.IsThinned);

    public static VolumeDamageView Of(VolumeDamage damage) => new(damage.Kind, damage.BlobKey, damage.Block, damage.Image, damage.Problem);

    public static SnapshotView Of(SnapshotDescription snapshot) => new(
        snapshot.SnapshotId, snapshot.AccountId, snapshot.VolumeId, snapshot.Description, snapshot.State, snapshot.Progress,
        snapshot.RequestedAt, snapshot.PointAt, snapshot.SizeBytes, snapshot.FailureReason)
    {
        GroupId = snapshot.GroupId,
        Consistency = snapshot.Consistency,
        HookFailure = snapshot.HookFailure,
        IsPointMoved = snapshot.IsPointMoved,
    };

    public static SnapshotGroupView Of(SnapshotGroupDescription group) => new(
        group.GroupId, group.AccountId, group.GatewayId, group.Description, group.State, group.Progress, group.RequestedAt, group.TakenAt, group.Reason,
        [.. group.Snapshots.Select(Of)]);

    public static ReclaimEstimateView Of(VolumeReclaimEstimate estimate) => new(estimate.Bytes, estimate.IsAtLeast) { Waiting = estimate.Waiting };

    public static RetentionView Of(VolumeRetention kept) =>
        new((long)kept.Window.TotalSeconds, (long)kept.ThinEvery.TotalSeconds, (long)kept.ThinFor.TotalSeconds);

    // What no time span holds is out of every range as well.
    public static VolumeRetention Of(RetentionView kept) => new(Seconds(kept.WindowSeconds), Seconds(kept.ThinEverySeconds), Seconds(kept.ThinForSeconds));

    public static TimeSpan Seconds(long seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds, -1, uint.MaxValue));

    public static AuditRecordView Of(AuditRow row) => new(
        row.Aggregate, row.Number, row.AccountId, row.Kind, DateTimeOffset.Parse(row.At, CultureInfo.InvariantCulture), row.ActorId, row.Body,
        Convert.ToHexStringLower(row.PreviousHash), Convert.ToHexStringLower(row.Hash));

    public static CallerView Of(Caller caller) => new(caller.Role, caller.AccountId, caller.ActorId)
    {
        VolumeIds = caller.Volumes.Length == 0 ? null : caller.Volumes.Split(','),
        ExpiresAt = caller.ExpiresAt,
    };

    public static ApiKeyView ApiKey(JsonElement row) => new(
        Text(row, "id"), Text(row, "label"), Enum.Parse<Role>(Text(row, "role"), ignoreCase: true), row.GetProperty("createdAt").GetDateTimeOffset(), Time(row, "expiresAt"),
        Text(row, "volumes").Split(',', StringSplitOptions.RemoveEmptyEntries));

    public static UserView Of(UserDescription user) => new(user.UserId, user.Name, user.AccountId, user.Role, user.CreatedAt);

    public static UserView User(JsonElement row) => new(
        Text(row, "id"), Text(row, "name"), Text(row, "accountId"), Enum.Parse<Role>(Text(row, "role"), ignoreCase: true), row.GetProperty("createdAt").GetDateTimeOffset());

    public static GatewaySummary Gateway(JsonElement row) => new(Text(row, "id"), Text(row, "name"), Text(row, "timeZone"), row.GetProperty("createdAt").GetDateTimeOffset());

    public static VolumeSummary Volume(JsonElement row) => new(
        Text(row, "id"), Text(row, "gatewayId"), Text(row, "name"), row.GetProperty("sizeBytes").GetInt64(), Text(row, "sourceSnapshotId"), row.GetProperty("createdAt").GetDateTimeOffset());

    public static SnapshotView Snapshot(JsonElement row) => new(
        Text(row, "id"), Text(row, "accountId"), Text(row, "volumeId"), Text(row, "description"),
        Enum.Parse<SnapshotState>(Text(row, "state"), ignoreCase: true), row.GetProperty("progress").GetDouble(), row.GetProperty("requestedAt").GetDateTimeOffset(),
        Time(row, "pointAt"),
        row.GetProperty("sizeBytes").GetInt64(), Text(row, "failureReason"))
    {
        GroupId = Text(row, "groupId"),
        Consistency = Text(row, "consistency") is { Length: > 0 } consistency ? Enum.Parse<SnapshotConsistency>(consistency, ignoreCase: true) : SnapshotConsistency.Crash,
        HookFailure = Text(row, "hookFailure"),
        IsPointMoved = row.TryGetProperty("isPointMoved", out var moved) && moved.GetBoolean(),
    };

    public static SnapshotOfferView Of(SnapshotOfferDescription offer) => new(
        offer.OfferId, offer.AccountId, offer.ToAccountId, offer.SnapshotId, offer.State, offer.Description, offer.SizeBytes, offer.PointAt,
        offer.CreatedAt, offer.ExpiresAt, offer.CopyId, offer.FailureReason);

    public static SnapshotCopyView Of(SnapshotCopyDescription copy) => new(
        copy.CopyId, copy.AccountId, copy.OfferId, copy.SnapshotId, copy.State, copy.Progress, copy.SizeBytes, copy.CopiedBytes, copy.BegunAt,
        copy.EndedAt, copy.FailureReason);

    // The row has what both accounts may see; each sees its own ids.
    public static SnapshotOfferView Offer(JsonElement row, bool isReceived, DateTimeOffset now)
    {
        var (state, expiresAt) = (Enum.Parse<SnapshotOfferState>(Text(row, "state"), ignoreCase: true), row.GetProperty("expiresAt").GetDateTimeOffset());
        return new SnapshotOfferView(
            Text(row, "id"), Text(row, "accountId"), Text(row, "toAccountId"), isReceived ? "" : Text(row, "snapshotId"),
            state == SnapshotOfferState.Open && now >= expiresAt ? SnapshotOfferState.Expired : state, Text(row, "description"),
            row.GetProperty("sizeBytes").GetInt64(), Time(row, "pointAt"), row.GetProperty("createdAt").GetDateTimeOffset(), expiresAt,
            isReceived ? Text(row, "copyId") : "", Text(row, "failureReason"));
    }

    public static SnapshotCopyView Copy(JsonElement row)
    {
        var state = Enum.Parse<SnapshotCopyState>(Text(row, "state"), ignoreCase: true);
        // Rows tell of steps; how far a copy is on its way, it is asked itself.
        return new SnapshotCopyView(
            Text(row, "id"), Text(row, "accountId"), Text(row, "offerId"), Text(row, "snapshotId"), state,
            state == SnapshotCopyState.Completed ? 1 : null, row.GetProperty("sizeBytes").GetInt64(), row.GetProperty("copiedBytes").GetInt64(),
            row.GetProperty("createdAt").GetDateTimeOffset(), Time(row, "endedAt"), Text(row, "failureReason"));
    }

    private static DateTimeOffset? Time(JsonElement row, string member) =>
        row.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetDateTimeOffset() : null;

    private static string Text(JsonElement row, string member) => row.TryGetProperty(member, out var value) ? value.GetString() ?? "" : "";
}
