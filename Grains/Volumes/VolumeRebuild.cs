using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Manifests;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Outbox;

namespace Tidegate.Grains.Volumes;

/// <summary>What a volume's saved state is after its head was rebuilt from the bucket.</summary>
internal static class VolumeRebuild
{
    private const string Actor = "service";

    /// <summary>
    /// The state with the rebuilt head and the keys of its manifest. Snapshots that the catalogue has and whose own record does not say so
    /// are completed anew, so that they are told again. Without a recorded state the volume counts as deleted.
    /// </summary>
    public static VolumeState Restore(
        VolumeState? recorded, VolumeHead head, IReadOnlyList<WrappedKey> keys, IReadOnlyList<SnapshotRecord> unrecorded, DateTimeOffset now)
    {
        var state = recorded ?? new VolumeState
        {
            Specification = new VolumeSpecification(head.Lineage.AccountId, "", $"lost-{head.Lineage.VolumeId}", head.SizeBytes, ""),
            CreatedAt = now,
            DeletedAt = now,
            IsReleased = true,
        };
        var completed = unrecorded.Select(snapshot =>
        {
            var pending = Array.Find(state.Snapshots, one => one.SnapshotId == snapshot.SnapshotId)
                ?? new PendingSnapshot { SnapshotId = snapshot.SnapshotId, RequestedAt = snapshot.CommittedAt };
            return pending with
            {
                Stage = PendingStage.Completed,
                Sequence = snapshot.Sequence,
                PointAt = snapshot.CommittedAt,
                SizeBytes = snapshot.Image.SizeBytes,
                FailureReason = "",
            };
        }).ToArray();
        var others = state.Snapshots.Where(pending => !pending.IsFinal && Array.TrueForAll(completed, one => one.SnapshotId != pending.SnapshotId));
        // The gateway's grain went back as well, or knows of the size that was recorded: it is told the volume's own.
        var isResized = state.Specification is { } known && known.SizeBytes != head.SizeBytes;
        return state with
        {
            Specification = state.Specification is { } specification ? specification with { SizeBytes = head.SizeBytes } : null,
            IsAttached = state.IsAttached && !isResized,
            Head = head.Encode(),
            RebuiltAt = now,
            Keys = [.. keys.Select(key => new WrappedLineageKey(key.Owner.AccountId, key.Owner.VolumeId, key.Generation, key.Bytes.ToArray()))],
            Snapshots = [.. completed, .. others],
        };
    }

    /// <summary>What the audit log says of it.</summary>
    public static DomainEvent EventOf(VolumeHead head) => new("volume.rebuilt", new { head.Incarnation, head.Epoch, head.CommittedSequence });

    /// <summary>The state with the event in its outbox, for who saves it without a grain.</summary>
    public static VolumeState WithEvent(VolumeState state, VolumeHead head, DateTimeOffset now)
    {
        var origin = new OutboxOrigin(head.Lineage.VolumeId, head.Lineage.AccountId, Actor, now);
        var row = VolumeRow.Of(head.Lineage.VolumeId, state);
        return state with { Outbox = OutboxMachine.Append(state.Outbox, [EventOf(head)], row, origin, state.Outbox.LastNumber) };
    }

    /// <summary>Stores the manifest of a rebuilt head.</summary>
    public static async Task StoreManifestAsync(
        IBlobStore blobs, IKeyProvider provider, VolumeHead head, IReadOnlyList<WrappedLineageKey> wrapped, CancellationToken cancellationToken)
    {
        var keys = await VolumeKeys.UnwrapAsync(provider, wrapped);
        var manifest = new HeadManifest(head, keys.Wrapped).Seal(keys.Sealer);
        await blobs.PutIfAbsentAsync(manifest.Key, manifest.Content, cancellationToken);
    }
}
