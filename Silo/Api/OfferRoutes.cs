using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Silo.Api;

/// <summary>Offers of snapshots to other accounts, and the copies that they become.</summary>
internal static class OfferRoutes
{
    private const long DefaultValidSeconds = 7 * 24 * 3600;

    public static void MapOffers(this IEndpointRouteBuilder api)
    {
        api.MapPost("/snapshots/{snapshotId}/offers", async (HttpContext context, string snapshotId, OfferSnapshotRequest request, IGrainFactory grains) =>
            {
                Ids.Require(ResourceKind.Snapshot, snapshotId, "Snapshot");
                var offer = grains.GetGrain<ISnapshotOfferGrain>(Idempotency.NewId(context, ResourceKind.Offer));
                return TypedResults.Ok(Views.Of(await offer.Make(new SnapshotOfferRequest(
                    snapshotId, request.ToAccountId, Views.Seconds(request.ValidSeconds ?? DefaultValidSeconds)))));
            })
            .OpenTo(Roles.Admins).AcceptsIdempotencyKey().WithName("offerSnapshot").WithTags("offers").WithSummary("Offers a snapshot to another account, which may copy it.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NotFound, ErrorCodes.InvalidState);
        api.MapGet("/offers", async (Lists lists, TimeProvider time, bool? received, int? pageSize, string? pageToken, CancellationToken stop) =>
                TypedResults.Ok(await lists.ResourcesAsync(
                    "snapshot-offer", null, null, pageSize, pageToken, row => Views.Offer(row, isReceived: received == true, time.GetUtcNow()), stop, isReceived: received == true)))
            .OpenTo(Roles.Auditors).WithName("listOffers").WithTags("offers").WithSummary("The account's offers, or those made to it, oldest first.").Refuses(ErrorCodes.InvalidArgument);
        api.MapGet("/offers/{offerId}", async (string offerId, IGrainFactory grains) => TypedResults.Ok(Views.Of(await Offer(grains, offerId).Describe())))
            .OpenTo(Roles.Auditors).WithName("getOffer").WithTags("offers").WithSummary("One offer, for either of its accounts.").Refuses(ErrorCodes.NotFound);
        api.MapPost("/offers/{offerId}/accept", async (HttpContext context, string offerId, AcceptOfferRequest request, IGrainFactory grains) =>
                TypedResults.Ok(Views.Of(await Offer(grains, offerId).Accept(
                    Idempotency.NewId(context, ResourceKind.Volume), Idempotency.NewId(context, ResourceKind.Snapshot), request.Description))))
            .OpenTo(Roles.Admins).AcceptsIdempotencyKey().WithName("acceptOffer").WithTags("offers").WithSummary("Accepts an offer and begins the copy; accepted again it answers with the copy that there is.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NotFound, ErrorCodes.InvalidState);
        api.MapDelete("/offers/{offerId}", async (string offerId, IGrainFactory grains) =>
            {
                await Offer(grains, offerId).Revoke();
                return TypedResults.NoContent();
            })
            .OpenTo(Roles.Admins).WithName("revokeOffer").WithTags("offers").WithSummary("Takes an offer back, and with it a copy that is being made; one that has ended leaves the list.")
            .Refuses(ErrorCodes.NotFound);
        api.MapGet("/copies", async (Lists lists, int? pageSize, string? pageToken, CancellationToken stop) =>
                TypedResults.Ok(await lists.ResourcesAsync("snapshot-copy", null, null, pageSize, pageToken, Views.Copy, stop)))
            .OpenTo(Roles.Auditors).WithName("listCopies").WithTags("offers").WithSummary("The account's copies of others' snapshots, oldest first.").Refuses(ErrorCodes.InvalidArgument);
        api.MapGet("/copies/{copyId}", async (string copyId, IGrainFactory grains) => TypedResults.Ok(Views.Of(await Copy(grains, copyId).DescribeCopy())))
            .OpenTo(Roles.Auditors).WithName("getCopy").WithTags("offers").WithSummary("One copy and its progress.").Refuses(ErrorCodes.NotFound);
        api.MapDelete("/copies/{copyId}", async (string copyId, IGrainFactory grains) =>
            {
                await Copy(grains, copyId).CancelCopy();
                return TypedResults.NoContent();
            })
            .OpenTo(Roles.Admins).WithName("cancelCopy").WithTags("offers").WithSummary("Gives up a copy that is being made; one that has failed leaves the list.")
            .Refuses(ErrorCodes.NotFound, ErrorCodes.InvalidState);
    }

    private static ISnapshotOfferGrain Offer(IGrainFactory grains, string offerId)
    {
        Ids.Require(ResourceKind.Offer, offerId, "Offer");
        return grains.GetGrain<ISnapshotOfferGrain>(offerId);
    }

    private static ISnapshotCopyGrain Copy(IGrainFactory grains, string copyId)
    {
        Ids.Require(ResourceKind.Volume, copyId, "Copy");
        return grains.GetGrain<ISnapshotCopyGrain>(copyId);
    }
}
