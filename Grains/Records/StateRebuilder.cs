using Orleans.Serialization;
using Orleans.Storage;
using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Records;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Accounts;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Gateways;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Snapshots;
using Tidegate.Grains.Snapshots.Offers;
using Tidegate.Grains.Volumes;
using Tidegate.Grains.Waking;

namespace Tidegate.Grains.Records;

/// <summary>
/// Fills an empty database from the bucket: audit log and states from the state records (<c>docs/formats/record.md</c>), volumes' heads from
/// manifests and segments (<c>docs/formats/manifest.md</c>), and what follows from those: names, and which grains have to settle. No silo may
/// run meanwhile. Run again after a failure it goes on: what is there is kept.
/// </summary>
public sealed class StateRebuilder(
    IBlobStore blobs, IKeyProvider keys, IGrainStorage storage, IReminderTable reminders, IAuditRestore audit, Serializer serializer, TimeProvider time)
{
    // Above what a lost change may have given out.
    private const long GenerationJump = 1024;
    private const int EntriesAtOnce = 200;

    private readonly Dictionary<string, int> _restored = [];
    private readonly List<string> _problems = [];
    private readonly HashSet<string> _finalSnapshots = [];
    private readonly List<GrainId> _toSettle = [];
    private long _entries;
    private long _followed;

    /// <summary>Rebuilds everything; tells <paramref name="progress"/> what it is at.</summary>
    public async Task<RebuildReport> RunAsync(Action<string> progress, CancellationToken cancellationToken)
    {
        using var archive = new RecordArchive(blobs, keys);
        progress("listing the bucket");
        var records = await archive.ListAsync(cancellationToken).ToListAsync(cancellationToken);
        progress($"the audit log and {records.Count} state records");
        var newest = await RestoreAuditAsync(archive, records, cancellationToken);
        foreach (var (grain, state) in newest.Where(one => one.Value is not VolumeState))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await WriteAsync(grain, Adjusted(state));
        }
        var bucket = new Bucket(blobs, keys);
        var volumes = newest.Where(one => one.Value is VolumeState).ToDictionary(one => one.Key.Key.ToString()!, one => (VolumeState)one.Value);
        await foreach (var (lineage, _) in bucket.ListVolumesAsync(cancellationToken: cancellationToken))
        {
            progress($"volume {lineage.VolumeId}");
            volumes.Remove(lineage.VolumeId, out var recorded);
            await RestoreVolumeAsync(bucket, lineage, recorded, cancellationToken);
        }
        foreach (var (erased, state) in volumes.Where(one => one.Value.ErasedAt is not null).ToArray())
        {
            await WriteAsync(GrainId.Create("volume", erased), state);
            volumes.Remove(erased);
        }
        foreach (var lost in volumes.Keys) _problems.Add($"Volume {lost}: nothing of it but its description is stored; it is not brought back.");
        await WatchAsync();
        return new RebuildReport(_restored, _entries, _followed, _problems);
    }

    /// <summary>Gives the audit log its entries in about the order they had, and returns the newest state of every aggregate.</summary>
    private async Task<Dictionary<GrainId, AggregateState>> RestoreAuditAsync(
        RecordArchive archive, List<StoredRecord> records, CancellationToken cancellationToken)
    {
        var newest = new Dictionary<GrainId, (long Number, DateTimeOffset StoredAt, AggregateState State)>();
        var batch = new List<OutboxEntry>();
        foreach (var stored in records.OrderBy(record => record.StoredAt).ThenBy(record => record.Number))
        {
            try
            {
                var record = await archive.OpenAsync(stored, cancellationToken);
                batch.AddRange(record.Entries.Select(ToEntry));
                Keep(newest, stored, record);
            }
            catch (Exception damage) when (damage is CorruptDataException or BlobNotFoundException)
            {
                _problems.Add($"{damage.Message} The change that it tells of is missing.");
            }
            if (batch.Count < EntriesAtOnce) continue;
            await TakeAsync(batch, cancellationToken);
        }
        await TakeAsync(batch, cancellationToken);
        return newest.ToDictionary(one => one.Key, one => one.Value.State);
    }

    private void Keep(Dictionary<GrainId, (long Number, DateTimeOffset StoredAt, AggregateState State)> newest, StoredRecord stored, StateRecord record)
    {
        if (record.State.IsEmpty || !RecordedState.All.TryGetValue(record.GrainType, out var kind)) return;
        var grain = GrainId.Create(record.GrainType, record.Key);
        if (newest.TryGetValue(grain, out var known) && (known.Number, known.StoredAt).CompareTo((stored.Number, stored.StoredAt)) > 0) return;
        newest[grain] = (stored.Number, stored.StoredAt, kind.Decode(serializer, record.State));
    }

    private async Task TakeAsync(List<OutboxEntry> batch, CancellationToken cancellationToken)
    {
        // A record that was stored twice holds the same entries twice.
        var entries = batch.DistinctBy(entry => (entry.Aggregate, entry.Number)).ToList();
        if (entries.Count > 0) await audit.RestoreAsync(entries, cancellationToken);
        _entries += entries.Count;
        batch.Clear();
    }

    private AggregateState Adjusted(AggregateState state)
    {
        if (state is SavedSnapshot { Description: { State: SnapshotState.Completed or SnapshotState.Failed } final }) _finalSnapshots.Add(final.SnapshotId);
        return state is GatewayState gateway
            ? gateway with { Generation = gateway.Generation + GenerationJump, ConfigurationVersion = gateway.ConfigurationVersion + GenerationJump }
            : state;
    }

    private async Task RestoreVolumeAsync(Bucket bucket, LineageId lineage, VolumeState? recorded, CancellationToken cancellationToken)
    {
        if (recorded?.ErasedAt is not null)
        {
            await WriteAsync(GrainId.Create("volume", lineage.VolumeId), recorded);
            return;
        }
        try
        {
            if (await bucket.OpenAsync(lineage, cancellationToken) is not { } stored)
            {
                _problems.Add($"Volume {lineage}: no head manifest is stored; its data cannot be read.");
                return;
            }
            foreach (var damage in stored.Damages) _problems.Add($"Volume {lineage}: {damage.BlobKey}: {damage.Problem}.");
            if (stored.ChainEndsBecause is { } reason) _problems.Add($"Volume {lineage}: what was stored after sequence {stored.Sequence} is left out: {reason}.");
            var snapshots = await stored.OpenCatalogue().ListSnapshotsAsync(cancellationToken).Where(cut => !RecoveryPoints.IsKept(cut)).ToListAsync(cancellationToken);
            // A volume whose creation was never saved, or was given up: nothing of it was ever promised.
            if (recorded is null && stored.Sequence == 0 && snapshots.Count == 0) return;
            if (recorded is null) _problems.Add($"Volume {lineage}: its description is missing; it comes back as a deleted volume, whose snapshots can be restored.");
            await SaveVolumeAsync(stored, recorded, snapshots, cancellationToken);
        }
        catch (Exception damage) when (damage is CorruptDataException or BlobNotFoundException or MissingKeyException or StoreKeyException)
        {
            _problems.Add($"Volume {lineage}: {damage.Message}");
        }
    }

    private async Task SaveVolumeAsync(StoredVolume stored, VolumeState? recorded, List<SnapshotRecord> snapshots, CancellationToken cancellationToken)
    {
        var (head, effects) = HeadRebuilder.Rebuild(stored, RandomNonceSource.Instance);
        foreach (var blob in effects) await blobs.PutIfAbsentAsync(blob.Key, blob.Content, cancellationToken);
        var unrecorded = snapshots.Where(snapshot => !_finalSnapshots.Contains(snapshot.SnapshotId)).ToArray();
        var state = VolumeRebuild.Restore(recorded, head, stored.Manifest.Keys, unrecorded, time.GetUtcNow());
        // The epoch that the head has now was granted to nobody; its manifest ends those before it.
        await VolumeRebuild.StoreManifestAsync(blobs, keys, head, state.Keys, cancellationToken);
        await WriteAsync(GrainId.Create("volume", head.Lineage.VolumeId), VolumeRebuild.WithEvent(state, head, time.GetUtcNow()));
        _followed += stored.Followed.Count;
    }

    private async Task WriteAsync(GrainId grain, AggregateState state)
    {
        var kind = grain.Type.ToString()!;
        if (await RecordedState.All[kind].WriteAsync(storage, grain.Key.ToString()!, state)) _restored[kind] = _restored.GetValueOrDefault(kind) + 1;
        if (state is GatewayState or VolumeState or SavedOffer) _toSettle.Add(grain);
        switch (state)
        {
            case GatewayState { DeactivatedAt: null, AccountId.Length: > 0 } gateway:
                await ReserveAsync(gateway.AccountId, Names.Gateway, gateway.Name, grain);
                break;
            case VolumeState { IsReleased: false, Specification: { } specification }:
                await ReserveAsync(specification.AccountId, Names.Volume, specification.Name, grain);
                break;
        }
    }

    private async Task ReserveAsync(string accountId, string kind, string name, GrainId grain)
    {
        var id = GrainId.Create("name", $"{accountId}/{kind}/{name.ToUpperInvariant()}");
        var stored = new GrainState<NameState>(new NameState());
        await storage.ReadStateAsync("name", id, stored);
        if (stored.RecordExists)
        {
            if (stored.State!.ResourceId != grain.Key.ToString()) _problems.Add($"The {kind} name '{name}' of account {accountId} is {stored.State.ResourceId}'s; {grain.Key} has it too. Rename one of them.");
            return;
        }
        stored.State = new NameState { ResourceId = grain.Key.ToString()! };
        await storage.WriteStateAsync("name", id, stored);
    }

    /// <summary>Whoever may owe something is asked once a silo runs.</summary>
    private async Task WatchAsync()
    {
        foreach (var shard in _toSettle.GroupBy(WakeShards.NumberOf))
        {
            var id = GrainId.Create(GrainType.Create("wake-shard"), GrainIdKeyExtensions.CreateIntegerKey(shard.Key));
            var stored = new GrainState<WakeShardState>(new WakeShardState());
            await storage.ReadStateAsync("wake-shard", id, stored);
            stored.State = new WakeShardState { Watched = WakeList.Pack(shard.Concat(WakeList.Unpack(stored.State!.Watched)).Distinct()) };
            await storage.WriteStateAsync("wake-shard", id, stored);
            await reminders.UpsertRow(new ReminderEntry
            {
                GrainId = id,
                ReminderName = WakeShardGrain.ReminderName,
                StartAt = time.GetUtcNow().UtcDateTime,
                Period = WakeShardGrain.ReminderPeriod,
            });
        }
    }

    private static OutboxEntry ToEntry(RecordEntry entry) => new(
        entry.Number, entry.Aggregate, entry.AccountId, entry.Kind, entry.At, entry.ActorId, entry.Json, entry.PreviousHash.ToArray(), entry.Hash.ToArray());
}
