using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>
/// The service as one volume's shadowing sees it: the volume's data grain over the link, or the simulator's machine.
/// Every call may fail with <c>TidegateException</c>; transient ones are retried with back-off by the caller.
/// </summary>
internal interface IVolumeService
{
    string VolumeId { get; }
    Task<AttachReply> AttachAsync(AttachRequest request, CancellationToken cancellationToken);
    Task<IReadOnlyList<BlobTicket>> GetWriteTicketsAsync(long epoch, IReadOnlyList<string> blobKeys, CancellationToken cancellationToken);
    Task<IReadOnlyList<BlobTicket>> GetReadTicketsAsync(IReadOnlyList<string> blobKeys, CancellationToken cancellationToken);
    Task<CommitReply> CommitAsync(CommitRequest request, CancellationToken cancellationToken);
    Task<StagingStanding> CommitFillsAsync(FillCommitRequest request, CancellationToken cancellationToken);
    Task PublishStagingAsync(StagingPublishRequest request, CancellationToken cancellationToken);
    Task<VolumeImageReply> GetImageAsync(CancellationToken cancellationToken);
    Task<VolumeImageReply> GetSnapshotImageAsync(string snapshotId, CancellationToken cancellationToken);
}
