using Tidegate.BlockStore.Rebuild;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore;

// Rebuilding: what the bucket alone tells, when the database went back in time or is gone.
internal sealed partial class SimulatedVolume
{
    /// <summary>
    /// Makes the row again from the newest manifest and the segments after it. What was saved before, if anybody knows, must be in it: all
    /// that was committed (I3) and every snapshot that was completed (I4).
    /// </summary>
    internal bool Rebuild(VolumeRow lost)
    {
        if (Sync.Result(new Bucket(_world.Bucket, new SimulatedKeys()).OpenAsync(Lineage)) is not { } stored)
            throw new Violation($"{Id}: the bucket has no manifest of a volume that was saved");
        if (_world.Is(PlantedBug.StagedFollowedByRebuild) && stored.Manifest.Head.Staging is not null)
        {
            var main = stored.Manifest.Head with { Staging = null };
            var chain = Sync.Result(new SegmentChain(_world.Bucket, Keys).FollowAsync(main, CancellationToken.None));
            stored = new StoredVolume(stored.ManifestKey, stored.Manifest with { Head = main }, stored.Ring, stored.Segments) { Followed = chain.Segments };
        }
        var (head, blobs) = HeadRebuilder.Rebuild(stored, _world, Row?.Head);
        head = head.WithManifest(Sealer).Above(Row?.Claimed ?? 0);
        var truth = _world.Manifests[stored.ManifestKey];
        foreach (var segment in stored.Followed.TakeWhile(segment => segment.Header.Identity.Sequence <= head.CommittedSequence))
        {
            var (from, to, content) = _world.Sealed[segment.Reference.Identity.BlobKey];
            if (!from.Is(truth.Tip) && !(truth.Segments.IsEmpty && from.State.AsSpan().SequenceEqual(truth.Tip.State)))
                throw new Violation($"{Id}: the rebuilt head holds records after '{from}', its manifest ends with '{truth.Tip}' (I3)");
            truth = truth with { Tip = to, Segments = truth.Segments.Add(new CommittedSegment(segment.Header.Identity.Sequence, content.Reference, content.Entries, from, to)) };
        }
        if (stored.ChainEndsBecause is null)
        {
            var isOfSave = stored.ManifestKey == lost.Head.Manifest?.BlobKey;
            // A branch that was published has another log's end when the service went back and the agent's store did not.
            if (truth.Tip.Find(lost.Truth.Tip) is null && lost.Head.CommittedSequence > 0 && !truth.Segments.Exists(segment => segment.Published is not null && segment.Sequence > lost.Head.CommittedSequence))
                throw new Violation($"{Id}: the rebuilt head ends with '{truth.Tip}', and '{lost.Truth.Tip}' was committed (I3)");
            // A change that was stored and never saved may come true, and may be the deletion of what was there when it was made. So may any of a history
            // that goes further than what is known here.
            if (lost.Truth.Snapshots.Keys.FirstOrDefault(id => !truth.Snapshots.ContainsKey(id) && (isOfSave || !_world.Deletions.Contains(id))) is { } missing)
                throw new Violation($"{Id}: the rebuilt catalogue does not have {missing}, which was complete (I4)");
        }
        truth = truth with { Epoch = head.Epoch };
        foreach (var blob in blobs.Append(ManifestOf(head, truth))) Sync.Result(_world.Bucket.PutIfAbsentAsync(blob.Key, blob.Content));
        if (!_world.Database.TrySave(Id, Row, new VolumeRow(0, head, lost.Pending, truth) { RebuiltAt = _world.Now }, false, out var saved)) throw new Violation("nobody else saves now");
        if (head.Staging is not null) _world.Happened("rebuilt without what was staged", Id);
        _world.Happened(stored.ChainEndsBecause is null ? "rebuilt" : "rebuilt as far as one log goes", $"{Id}: {Describe(saved)}, {stored.Followed.Count} segments followed");
        GivenUp = null;
        StoreChecks.All(this);
        return true;
    }

    /// <summary>What was saved before a backup was put back that the service went on from; null when there is nothing to know of it.</summary>
    internal VolumeRow? GivenUp { get; set; }
}
