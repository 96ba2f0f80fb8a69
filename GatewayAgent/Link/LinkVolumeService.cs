using Tidegate.GatewayAgent.Shadow;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Link;

/// <summary>One volume's calls over whichever link is open when they are made. Without one they fail at once as <c>Unavailable</c>; the caller repeats.</summary>
internal sealed class LinkVolumeService(string volumeId, LinkHolder link) : IVolumeService
{
    public string VolumeId { get; } = volumeId;

    public Task<AttachReply> AttachAsync(AttachRequest request, CancellationToken cancellationToken) =>
        CallAsync(g => g.Attach(request), cancellationToken);

    public Task<IReadOnlyList<BlobTicket>> GetWriteTicketsAsync(long epoch, IReadOnlyList<string> blobKeys, CancellationToken cancellationToken) =>
        CallAsync(g => g.GetWriteTickets(epoch, blobKeys), cancellationToken);

    public Task<IReadOnlyList<BlobTicket>> GetReadTicketsAsync(IReadOnlyList<string> blobKeys, CancellationToken cancellationToken) =>
        CallAsync(g => g.GetReadTickets(blobKeys), cancellationToken);

    public Task<CommitReply> CommitAsync(CommitRequest request, CancellationToken cancellationToken) =>
        CallAsync(g => g.Commit(request), cancellationToken);

    public Task<StagingStanding> CommitFillsAsync(FillCommitRequest request, CancellationToken cancellationToken) =>
        CallAsync(g => g.CommitFills(request), cancellationToken);

    public Task PublishStagingAsync(StagingPublishRequest request, CancellationToken cancellationToken) => CallAsync(
        async g =>
        {
            await g.PublishStaging(request);
            return true;
        },
        cancellationToken);

    public Task<VolumeImageReply> GetImageAsync(CancellationToken cancellationToken) =>
        CallAsync(static g => g.GetImage(), cancellationToken);

    public Task<VolumeImageReply> GetSnapshotImageAsync(string snapshotId, CancellationToken cancellationToken) =>
        CallAsync(g => g.GetSnapshotImage(snapshotId), cancellationToken);

    private async Task<T> CallAsync<T>(Func<IVolumeDataGrain, Task<T>> call, CancellationToken cancellationToken)
    {
        var connection = link.Require();
        try
        {
            return await call(connection.GetVolume(VolumeId)).WaitAsync(cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw LinkFailures.Translate(error);
        }
    }
}
