using System.Runtime.ExceptionServices;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Reclaim;

/// <summary>
/// Deletes condemned blobs when their grace is over (<c>docs/formats/reclaim.md</c>, Condemnation), some at a time and the oldest first, and
/// prepares the change that forgets their tombstones. Reads the tombstones that are due and no others. Whatever is in doubt stays.
/// </summary>
public static class TombstoneSweep
{
    /// <summary>Blobs that one unit deletes at most.</summary>
    public const int MaxBlobs = 512;

    /// <summary>Blobs that are deleted side by side.</summary>
    public const int MaxParallel = 8;

    // Every change condemns the pages and manifests that it replaces itself; these alone are not worth one.
    private const int Residue = 16;

    /// <summary>What a unit did.</summary>
    /// <param name="Change">Forgets what was deleted; null when there is nothing to save.</param>
    /// <param name="Deleted">Blobs that were deleted.</param>
    /// <param name="Kept">Condemned blobs that the last look found a reference to: they stay, and somebody must look.</param>
    /// <param name="Through">The last tombstone that was looked at: where the next unit goes on, past what is kept. Null when there was none.</param>
    public sealed record Outcome(PreparedChange? Change, int Deleted, IReadOnlyList<string> Kept, Tombstone? Through)
    {
        /// <summary>Blobs that the store would not delete, and why: they and their tombstones stay, for a later sweep.</summary>
        public IReadOnlyList<(string BlobKey, Exception Failure)> Failed { get; init; } = [];
    }

    /// <summary>
    /// Runs one unit. What a store will not delete keeps nothing else from going; when it deletes nothing at all, its failure is thrown.
    /// </summary>
    /// <param name="head">The saved head.</param>
    /// <param name="grace">How long a tombstone stands before its blob goes.</param>
    /// <param name="now">Service's clock.</param>
    /// <param name="blobs">The bucket.</param>
    /// <param name="segments">Reads the catalogue and what it names.</param>
    /// <param name="sealer">Seals for the lineage.</param>
    /// <param name="after">Where the unit before ended; null to begin with the oldest.</param>
    /// <param name="cancellationToken">Ends the unit between blobs.</param>
    public static async Task<Outcome> RunAsync(
        VolumeHead head, TimeSpan grace, DateTimeOffset now, IBlobStore blobs, SegmentCache segments, LineageSealer sealer,
        Tombstone? after = null, CancellationToken cancellationToken = default)
    {
        var catalogue = new CatalogueEdit(head, segments);
        var due = await catalogue.ListTombstonesAsync(after, cancellationToken)
            .TakeWhile(tombstone => tombstone.CondemnedAt <= now - grace).Take(MaxBlobs).ToListAsync(cancellationToken);
        var fence = await ReadLeases.FenceAsync(catalogue, cancellationToken);
        if (fence != long.MaxValue) due.RemoveAll(tombstone => tombstone.Version > fence && !IsOwnPage(tombstone.BlobKey));
        if (due.Count <= Residue && due.TrueForAll(tombstone => IsOwnPage(tombstone.BlobKey))) return new Outcome(null, 0, [], after);
        if (head.Manifest is null || await blobs.GetLengthAsync(head.Manifest.BlobKey, cancellationToken) is null) return new Outcome(null, 0, [], after);
        var version = head.Version + 1;
        var ready = due.Where(tombstone => tombstone.Version < head.Manifest.Sequence).ToArray();
        if (ready.Length == 0)
        {
            // Writing a record again brings a manifest that did without all of them.
            await catalogue.PutTombstoneAsync(due[0], cancellationToken);
            return new Outcome(new PreparedChange(await catalogue.SealAsync(sealer, version, now, cancellationToken)), 0, [], after);
        }
        var references = await ReferenceCheck.LoadAsync(head, catalogue, segments, cancellationToken);
        var (gone, kept) = (new List<Tombstone>(), new List<string>());
        foreach (var tombstone in ready)
        {
            if (await references.IsReferredToAsync(tombstone.BlobKey, cancellationToken)) kept.Add(tombstone.BlobKey);
            else gone.Add(tombstone);
        }
        var failed = await DeleteAsync(gone, blobs, cancellationToken);
        foreach (var tombstone in gone) await catalogue.RemoveTombstoneAsync(tombstone, cancellationToken);
        if (gone.Count == 0 && due.Count == MaxBlobs)
        {
            var next = await RunAsync(head, grace, now, blobs, segments, sealer, ready[^1], cancellationToken);
            return next with { Kept = [.. kept, .. next.Kept], Failed = [.. failed, .. next.Failed] };
        }
        return gone.Count == 0
            ? new Outcome(null, 0, kept, ready[^1]) { Failed = failed }
            : new Outcome(new PreparedChange(await catalogue.SealAsync(sealer, version, now, cancellationToken)), gone.Count, kept, ready[^1]) { Failed = failed };
    }

    // Leaves in the list what was deleted. A store that fails a whole batch is not asked for more.
    private static async Task<List<(string BlobKey, Exception Failure)>> DeleteAsync(List<Tombstone> condemned, IBlobStore blobs, CancellationToken cancellationToken)
    {
        var (gone, failed) = (new List<Tombstone>(), new List<(string, Exception)>());
        foreach (var some in condemned.Chunk(MaxParallel))
        {
            var failures = await Task.WhenAll(some.Select(tombstone => FailureAsync(tombstone.BlobKey)));
            gone.AddRange(some.Where((_, at) => failures[at] is null));
            failed.AddRange(some.Zip(failures).Where(pair => pair.Second is not null).Select(pair => (pair.First.BlobKey, pair.Second!)));
            if (!Array.TrueForAll(failures, failure => failure is not null)) continue;
            if (gone.Count == 0) ExceptionDispatchInfo.Throw(failures[0]!);
            break;
        }

        condemned.Clear();
        condemned.AddRange(gone);
        return failed;

        async Task<Exception?> FailureAsync(string blobKey)
        {
            try
            {
                await blobs.DeleteAsync(blobKey, cancellationToken);
                return null;
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                return failure;
            }
        }
    }

    private static bool IsOwnPage(string blobKey) =>
        SegmentIdentity.KindOf(blobKey) is SegmentKind.Catalogue or SegmentKind.Head;
}
