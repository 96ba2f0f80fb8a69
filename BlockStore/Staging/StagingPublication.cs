using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Staging;

/// <summary>
/// What a fold of a staging branch, and its publication, mean for the catalogue (<c>docs/formats/staging.md</c>, Accounting). Work for a worker: whoever
/// saves the head checks what came of it with <see cref="PreparedChange.Publish"/>.
/// </summary>
public static class StagingPublication
{
    /// <summary>Prepares the save of a fold; the branch stays one. Null when the fold has lost: fold again.</summary>
    public static async Task<PreparedChange?> PrepareFoldAsync(
        VolumeHead head, StagingFold fold, DateTimeOffset now, SegmentCache segments, LineageSealer sealer, CancellationToken cancellationToken = default)
    {
        if (!fold.IsFor(head)) return null;
        var catalogue = new CatalogueEdit(head, segments);
        var version = head.Version + 1;
        var ledger = new SpaceLedger(catalogue, await Holds.LoadAsync(catalogue, cancellationToken), now, version);
        await SettleFoldAsync(head, fold, catalogue, ledger, segments, cancellationToken);
        await ledger.SettleAsync(cancellationToken);
        return new PreparedChange(await catalogue.SealAsync(sealer, version, now, cancellationToken)) { Staged = fold };
    }

    /// <summary>
    /// Prepares the publication of the branch with the fold of all that is in its tail. What the main image held and the branch replaced dies,
    /// the recovery window gets its base, and <paramref name="waiting"/> snapshots get the published state as theirs. Null when the
    /// fold has lost: fold again. The branch must be what is declared (<see cref="StagingDeclaration.Check"/>).
    /// </summary>
    public static async Task<PreparedChange?> PrepareAsync(
        VolumeHead head, StagingFold fold, StagingDeclaration declared, IReadOnlyCollection<string> waiting, DateTimeOffset now, SegmentCache segments,
        LineageSealer sealer, CancellationToken cancellationToken = default)
    {
        if (!fold.IsFor(head) || StagingDeclaration.Check(head, declared) is not null) return null;
        var catalogue = new CatalogueEdit(head, segments);
        await ExtendWindowAsync(head, fold, catalogue, cancellationToken);
        var image = new ImageDescriptor(head.SizeBytes, fold.Root, Tail.Empty, []);
        var time = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds());
        foreach (var id in waiting)
        {
            // One that a rebuild found complete stays what it is (I4).
            if (await catalogue.FindSnapshotAsync(id, cancellationToken) is not null) continue;
            await catalogue.PutSnapshotAsync(
                new SnapshotRecord(id, fold.ThroughSequence, fold.ThroughSequence, fold.From.LogEnd, time, fold.From.HostTime, image), cancellationToken);
        }
        var version = head.Version + 1;
        var ledger = new SpaceLedger(catalogue, await Holds.LoadAsync(catalogue, cancellationToken), now, version);
        await SettleFoldAsync(head, fold, catalogue, ledger, segments, cancellationToken);
        foreach (var death in await catalogue.TakeStagedDeathsAsync(cancellationToken)) ledger.Kill(death with { Death = head.CommittedSequence + 1 });
        await TailChains.ReleaseAsync(head, null, catalogue, ledger, [head.RetiredTail], [], segments, cancellationToken);
        await ledger.SettleAsync(cancellationToken);
        return new PreparedChange(await catalogue.SealAsync(sealer, version, now, cancellationToken)) { Staged = fold, Declared = declared };
    }

    private static async Task SettleFoldAsync(
        VolumeHead head, StagingFold fold, CatalogueEdit catalogue, SpaceLedger ledger, SegmentCache segments, CancellationToken cancellationToken)
    {
        foreach (var life in fold.Born) ledger.BearStaged(life);
        foreach (var (segment, bytes) in fold.Lost) ledger.Lose(segment, bytes);
        foreach (var death in fold.Deaths) await catalogue.AddStagedDeathAsync(death, cancellationToken);
        foreach (var range in fold.Zeroes) await catalogue.AddStagedZeroAsync(fold.From.FirstEpoch, range, cancellationToken);
        // No image ever shares a manifest of the branch.
        foreach (var retired in await TailManifest.LoadChainAsync(segments, head.Staging!.RetiredTail, cancellationToken))
            await ledger.CondemnAsync(retired.Identity.BlobKey, cancellationToken);
    }

    // The main tip stays a recovery point while the window reaches back to it; the next is the published state.
    private static async Task ExtendWindowAsync(VolumeHead head, StagingFold fold, CatalogueEdit catalogue, CancellationToken cancellationToken)
    {
        if (await catalogue.GetWindowAsync(cancellationToken) is null)
        {
            await catalogue.SetWindowAsync(new RecoveryWindow(head.CommittedSequence, fold.From.CommittedAt), cancellationToken);
            await catalogue.PutBaseAsync(new BaseRecord(head.CommittedSequence, head.SizeBytes, head.Root), cancellationToken);
        }
        await catalogue.PutBaseAsync(new BaseRecord(fold.ThroughSequence, head.SizeBytes, fold.Root), cancellationToken);
    }
}
