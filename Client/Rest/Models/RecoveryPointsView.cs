namespace Tidegate.Client.Rest.Models;

/// <summary>A page of a volume's recovery points, and its window: <c>GET /v1/volumes/{id}/recovery-points</c>.</summary>
/// <param name="WindowFrom">First point of the window in which every commit is one; null while nothing is committed.</param>
/// <param name="WindowThrough">Its last, the newest commit.</param>
/// <param name="Items">The page's points, oldest first.</param>
/// <param name="NextPageToken">Opaque; present it as <c>pageToken</c> for the next page. Null on the last one.</param>
public sealed record RecoveryPointsView(
    RecoveryPointView? WindowFrom, RecoveryPointView? WindowThrough, IReadOnlyList<RecoveryPointView> Items, string? NextPageToken);
