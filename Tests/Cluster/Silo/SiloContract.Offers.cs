using Microsoft.Extensions.DependencyInjection;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.Cluster.Silo;

// Offers of snapshots over the API. The snapshots are told to their grains as volumes tell them: no gateway is needed to offer one.
public abstract partial class SiloContract
{
    [Fact]
    public async Task An_offer_is_listed_for_both_of_its_accounts_and_for_nobody_else()
    {
        using var owner = await NewAccountAsync("offers");
        using var other = await NewAccountAsync("offered");
        using var stranger = await NewAccountAsync("stranger");
        var snapshotId = ResourceId.New(ResourceKind.Snapshot);
        await RecordSnapshotAsync(owner.Id, snapshotId);
        var offer = await owner.Client.OfferSnapshotAsync(snapshotId, new OfferSnapshotRequest(other.Id, 3600), "one-key");
        Assert.Equal(offer, await owner.Client.OfferSnapshotAsync(snapshotId, new OfferSnapshotRequest(other.Id, 3600), "one-key"));
        Assert.Equal((snapshotId, SnapshotOfferState.Open, "kept", TimeSpan.FromHours(1)), (offer.SnapshotId, offer.State, offer.Description, offer.ExpiresAt - offer.CreatedAt));

        Assert.Equal(offer, Assert.Single(await owner.Client.ListOffersAsync().ToListAsync()));
        var received = Assert.Single(await other.Client.ListOffersAsync(received: true).ToListAsync());
        Assert.Equal(offer with { SnapshotId = "" }, received);
        Assert.Equal(received, await other.Client.GetOfferAsync(offer.OfferId));
        Assert.Empty(await other.Client.ListOffersAsync().ToListAsync());
        Assert.Empty(await owner.Client.ListOffersAsync(received: true).ToListAsync());
        Assert.Empty(await stranger.Client.ListOffersAsync(received: true).ToListAsync());

        foreach (var id in new[] { offer.OfferId, "off-00000000000000000000", "../accounts" })
        {
            var refused = await AssertCodeAsync(ErrorCodes.NotFound, () => stranger.Client.GetOfferAsync(id));
            if (id.StartsWith("off-", StringComparison.Ordinal)) Assert.Equal($"Offer {id} does not exist.", refused.Message);
            await AssertCodeAsync(ErrorCodes.NotFound, () => stranger.Client.AcceptOfferAsync(id, new AcceptOfferRequest()));
            await AssertCodeAsync(ErrorCodes.NotFound, () => stranger.Client.RevokeOfferAsync(id));
        }

        await AssertCodeAsync(ErrorCodes.NotFound, () => other.Client.OfferSnapshotAsync(snapshotId, new OfferSnapshotRequest(stranger.Id)));
        await AssertCodeAsync(ErrorCodes.InvalidArgument, () => owner.Client.OfferSnapshotAsync(snapshotId, new OfferSnapshotRequest("everybody")));
        await AssertCodeAsync(ErrorCodes.InvalidArgument, () => owner.Client.OfferSnapshotAsync(snapshotId, new OfferSnapshotRequest(other.Id, long.MaxValue)));
        await owner.Client.RevokeOfferAsync(offer.OfferId);
        await AssertCodeAsync(ErrorCodes.InvalidState, () => other.Client.AcceptOfferAsync(offer.OfferId, new AcceptOfferRequest()));
        Assert.Empty(await other.Client.ListOffersAsync(received: true).ToListAsync());
        Assert.Equal(
            ["snapshot-offer.made", "snapshot-offer.revoked"],
            (await owner.Client.ListAuditAsync(offer.OfferId).ToListAsync()).Select(record => record.Kind));
    }

    [Fact]
    public async Task A_copy_whose_source_is_gone_fails_is_listed_with_its_reason_and_leaves_the_list_when_it_was_read()
    {
        using var owner = await NewAccountAsync("source");
        using var other = await NewAccountAsync("target");
        var snapshotId = ResourceId.New(ResourceKind.Snapshot);
        await RecordSnapshotAsync(owner.Id, snapshotId);
        var offer = await owner.Client.OfferSnapshotAsync(snapshotId, new OfferSnapshotRequest(other.Id));
        // Its volume never was: as if everything had been deleted.
        var copy = await other.Client.AcceptOfferAsync(offer.OfferId, new AcceptOfferRequest("mine"));
        await Eventually.TrueAsync(
            "the list tells that the copy has failed",
            async () => (await other.Client.ListCopiesAsync().ToListAsync()) is [{ State: SnapshotCopyState.Failed }], TimeSpan.FromSeconds(60));
        var failed = Assert.Single(await other.Client.ListCopiesAsync().ToListAsync());
        Assert.Equal((copy.CopyId, SnapshotCopyState.Failed, "The snapshot was deleted or erased by its owner."), (failed.CopyId, failed.State, failed.FailureReason));
        Assert.Empty(await owner.Client.ListCopiesAsync().ToListAsync());
        await AssertCodeAsync(ErrorCodes.NotFound, () => owner.Client.GetCopyAsync(copy.CopyId));
        await AssertCodeAsync(ErrorCodes.NotFound, () => owner.Client.CancelCopyAsync(copy.CopyId));
        await AssertCodeAsync(ErrorCodes.NotFound, () => other.Client.GetVolumeAsync(copy.CopyId));
        await AssertCodeAsync(ErrorCodes.NotFound, () => other.Client.GetSnapshotAsync(copy.SnapshotId));
        await other.Client.CancelCopyAsync(copy.CopyId);
        await Eventually.TrueAsync("the copy has left the list", async () => !await other.Client.ListCopiesAsync().AnyAsync(), TimeSpan.FromSeconds(60));
    }

    private async Task RecordSnapshotAsync(string accountId, string snapshotId)
    {
        RequestContext.Set(Caller.ContextKey, new Caller(Role.Operator, "", "", "test"));
        var now = DateTimeOffset.UnixEpoch;
        await Silo.Services.GetRequiredService<IGrainFactory>().GetGrain<ISnapshotGrain>(snapshotId).Record(new SnapshotDescription(
            snapshotId, accountId, "vol-00000000000000000001", "kept", SnapshotState.Completed, 1, now, now, 1 << 20, 1, ""));
    }
}
