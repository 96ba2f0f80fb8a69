using System.Runtime.CompilerServices;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Manifests;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Verification;

namespace Tidegate.BlockStore.Rebuild;

/// <summary>
/// A bucket and account keys, and nothing else: what volumes are in it, and each as its newest manifest and the segments after it tell
/// (<c>docs/formats/manifest.md</c>, Which one counts). Reads only.
/// </summary>
public sealed class Bucket(IBlobStore blobs, IKeyProvider keys)
{
    /// <summary>The blobs.</summary>
    public IBlobStore Blobs => blobs;

    /// <summary>
    /// Volumes in the order of their names, of one account or of all; whether a manifest of it is stored. Lists the whole bucket.
    /// </summary>
    public async IAsyncEnumerable<(LineageId Lineage, bool HasManifest)> ListVolumesAsync(
        string accountId = "", [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        (LineageId Lineage, bool HasManifest)? current = null;
        await foreach (var entry in blobs.ListAsync(accountId.Length > 0 ? accountId + "/" : "", cancellationToken))
        {
            if (!TryParse(entry.Key, out var lineage, out var folder)) continue;
            if (current is { } last && last.Lineage != lineage)
            {
                yield return last;
                current = null;
            }
            current = (lineage, (current?.HasManifest ?? false) || folder == SegmentIdentity.FolderOf(SegmentKind.Head));
        }
        if (current is { } end) yield return end;
    }

    /// <summary>
    /// Opens a volume; null when no manifest of it is stored. Throws <see cref="StoreKeyException"/> when the keys open none of them.
    /// </summary>
    public async Task<StoredVolume?> OpenAsync(LineageId lineage, CancellationToken cancellationToken = default)
    {
        var damages = new List<StoreDamage>();
        if (await FindNewestAsync(lineage, damages, cancellationToken) is not { } newest) return null;
        var ring = await UnwrapAsync(newest.Manifest, cancellationToken);
        // What was stored after a manifest with a staging branch is staged, and no part of any image.
        var chain = newest.Manifest.Head.Staging is null
            ? await new SegmentChain(blobs, ring).FollowAsync(newest.Manifest.Head, cancellationToken)
            : ([], [], null);
        var relocations = await RelocationsAsync(newest.Manifest, damages, cancellationToken);
        return new StoredVolume(newest.Key, newest.Manifest, ring, new SegmentCache(new BlobStoreSource(blobs), ring).At(relocations))
        {
            HighestVersion = await HeadManifest.HighestVersionAsync(blobs, lineage, cancellationToken),
            Followed = chain.Segments,
            ChainEndsBecause = chain.EndsBecause,
            Damages = [.. damages, .. chain.Damages],
        };
    }

    /// <summary>Where the frames of the volume and of every lineage that it reaches are now, by the newest manifest of each.</summary>
    private async Task<IReadOnlyList<RelocationRoot>> RelocationsAsync(
        HeadManifest manifest, List<StoreDamage> damages, CancellationToken cancellationToken)
    {
        var found = new List<RelocationRoot>(manifest.Head.Relocations);
        foreach (var origin in manifest.Keys.Select(key => key.Owner).Distinct().Where(owner => owner != manifest.Head.Lineage))
            if (await FindNewestAsync(origin, damages, cancellationToken) is { } newest) found.AddRange(newest.Manifest.Head.Relocations);
        return found;
    }

    private async Task<(string Key, HeadManifest Manifest)?> FindNewestAsync(
        LineageId lineage, List<StoreDamage> damages, CancellationToken cancellationToken)
    {
        var stored = await ListManifestsAsync(lineage, cancellationToken);
        foreach (var sameVersion in stored.GroupBy(entry => HeadManifest.VersionOf(entry.Key)).OrderByDescending(group => group.Key))
            if (await NewestAsync(lineage, sameVersion, damages, cancellationToken) is { } newest) return newest;
        return stored.Count == 0
            ? null
            : throw new StoreKeyException(
                $"None of the {stored.Count} head manifests of {lineage} opens with the account key given: it is another account's or an older one, or all of them are damaged ({damages[0].Problem}).");
    }

    private async Task<List<BlobEntry>> ListManifestsAsync(LineageId lineage, CancellationToken cancellationToken)
    {
        var found = new List<BlobEntry>();
        await foreach (var entry in blobs.ListAsync($"{lineage}/{SegmentIdentity.FolderOf(SegmentKind.Head)}/", cancellationToken)) found.Add(entry);
        return found;
    }

    private async Task<(string Key, HeadManifest Manifest)?> NewestAsync(
        LineageId lineage, IEnumerable<BlobEntry> sameVersion, List<StoreDamage> damages, CancellationToken cancellationToken)
    {
        var opened = new List<(BlobEntry Entry, HeadManifest Manifest)>();
        foreach (var entry in sameVersion)
        {
            try
            {
                var length = (int)Math.Min(entry.LengthBytes, SegmentFormat.MaxSegmentBytes);
                var content = await blobs.GetRangeAsync(entry.Key, 0, length, cancellationToken);
                opened.Add((entry, await HeadManifest.OpenAsync(entry.Key, content, keys, cancellationToken)));
            }
            catch (Exception damage) when (damage is CorruptDataException or BlobNotFoundException)
            {
                damages.Add(StoreDamage.Of(DamageKind.Manifest, lineage, entry.Key, damage));
            }
            catch (FileNotFoundException missing)
            {
                throw new StoreKeyException(missing.Message, missing);
            }
        }
        return opened.Count == 0
            ? null
            : opened.OrderByDescending(one => one.Manifest.Head.Epoch)
                .ThenByDescending(one => one.Manifest.Head.CommittedSequence)
                .ThenByDescending(one => one.Entry.CreatedAt)
                .Select(one => (one.Entry.Key, one.Manifest)).First();
    }

    private async Task<Keyring> UnwrapAsync(HeadManifest manifest, CancellationToken cancellationToken)
    {
        var ring = new Keyring();
        foreach (var key in manifest.Keys)
            ring.Add(key.Owner, key.Generation, await keys.UnwrapAsync(key.Owner, key.Generation, key.Bytes, cancellationToken));
        return ring;
    }

    private static bool TryParse(string key, out LineageId lineage, out string folder)
    {
        (lineage, folder) = (null!, "");
        var parts = key.Split('/');
        if (parts.Length != 4 || !LineageId.IsPart(parts[0]) || !LineageId.IsPart(parts[1])) return false;
        (lineage, folder) = (new LineageId(parts[0], parts[1]), parts[2]);
        // Records and their keys are of accounts, gateways and the like as well.
        return folder != SegmentIdentity.FolderOf(SegmentKind.Record) && parts[1] != Records.RecordKeys.Resource;
    }
}
