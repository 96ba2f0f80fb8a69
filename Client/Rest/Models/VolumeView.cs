namespace Tidegate.Client.Rest.Models;

/// <summary>A volume as the service knows it: <c>POST /v1/volumes</c>, <c>GET /v1/volumes/{id}</c>.</summary>
/// <param name="VolumeId">The volume.</param>
/// <param name="AccountId">Its owner.</param>
/// <param name="GatewayId">Gateway that serves it.</param>
/// <param name="Name">Its name; the NBD export name.</param>
/// <param name="SizeBytes">Its size.</param>
/// <param name="SourceSnapshotId">Snapshot it started from; empty for an empty volume.</param>
/// <param name="Epoch">Epoch of the last attach; 0 before the first.</param>
/// <param name="CommittedSequence">Sequence of the newest committed segment; 0 for none.</param>
/// <param name="RecoveryPointAt">Service time of the newest commit; null before the first.</param>
/// <param name="CreatedAt">Service time of its creation.</param>
/// <param name="AgentStatus">What its agent last said of it; null before the first word.</param>
/// <param name="Scrub">What the last check of its stored data found; null before the first has ended.</param>
/// <param name="RestoredPoint">Recovery point it started from; null for another beginning.</param>
public sealed record VolumeView(
    string VolumeId,
    string AccountId,
    string GatewayId,
    string Name,
    long SizeBytes,
    string SourceSnapshotId,
    long Epoch,
    long CommittedSequence,
    DateTimeOffset? RecoveryPointAt,
    DateTimeOffset CreatedAt,
    VolumeStatusView? AgentStatus,
    VolumeScrubView? Scrub = null,
    RestoredPointView? RestoredPoint = null)
{
    /// <summary>How old its newest recovery point may grow, in seconds.</summary>
    public int RecoveryPointObjectiveSeconds { get; init; }

    /// <summary>Alarms that are raised, as in <see cref="VolumeStatusView.Alarms"/>; here also while its gateway is away.</summary>
    public IReadOnlyList<string> Alarms { get; init; } = [];
}
