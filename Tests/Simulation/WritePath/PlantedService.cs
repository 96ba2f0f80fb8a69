using Tidegate.GatewayAgent.Shadow;
using Tidegate.Grains.Interfaces.Volumes;
using Log = Tidegate.GatewayAgent.WriteLog.WriteLog;

namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>
/// The service as one life of the agent sees it: some commits arrive long after the agent gave them up, and with a planted bug it takes replies for
/// more than they are.
/// </summary>
internal sealed class PlantedService(IVolumeService service, PlantedBug bug, Random random, double late, List<CommitRequest> laterCommits) : IVolumeService
{
    /// <summary>The log of this life, once it is open.</summary>
    internal Log? Log { get; set; }

    public string VolumeId => service.VolumeId;

    public Task<AttachReply> AttachAsync(AttachRequest request, CancellationToken cancellationToken) => service.AttachAsync(request, cancellationToken);

    public Task<IReadOnlyList<BlobTicket>> GetWriteTicketsAsync(long epoch, IReadOnlyList<string> blobKeys, CancellationToken cancellationToken) =>
        service.GetWriteTicketsAsync(epoch, blobKeys, cancellationToken);

    public Task<IReadOnlyList<BlobTicket>> GetReadTicketsAsync(IReadOnlyList<string> blobKeys, CancellationToken cancellationToken) =>
        service.GetReadTicketsAsync(blobKeys, cancellationToken);

    public async Task<CommitReply> CommitAsync(CommitRequest request, CancellationToken cancellationToken)
    {
        if (random.NextDouble() < late)
        {
            laterCommits.Add(request);
            await Task.Yield();
            throw new TimeoutException("no answer came in time");
        }
        var reply = await service.CommitAsync(request, cancellationToken);
        return bug == PlantedBug.TrimPastCommittedEnd && Log is { } log && log.DurableEnd > reply.CommittedLogEnd
            ? reply with { CommittedLogEnd = log.DurableEnd }
            : reply;
    }

    public Task<StagingStanding> CommitFillsAsync(FillCommitRequest request, CancellationToken cancellationToken) =>
        service.CommitFillsAsync(request, cancellationToken);

    public Task PublishStagingAsync(StagingPublishRequest request, CancellationToken cancellationToken) =>
        service.PublishStagingAsync(request, cancellationToken);

    public Task<VolumeImageReply> GetImageAsync(CancellationToken cancellationToken) => service.GetImageAsync(cancellationToken);

    public Task<VolumeImageReply> GetSnapshotImageAsync(string snapshotId, CancellationToken cancellationToken) =>
        service.GetSnapshotImageAsync(snapshotId, cancellationToken);
}
