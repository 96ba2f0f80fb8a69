using Tidegate.GatewayAgent.Devices;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>A volume's shadowing at one moment.</summary>
/// <param name="State">Where it stands.</param>
/// <param name="Reason">Why it is not draining, or what the last call failed with; empty when nothing is wrong.</param>
/// <param name="Epoch">The epoch held, 0 for none.</param>
/// <param name="CommittedSequence">Sequence the service has committed.</param>
/// <param name="BacklogBytes">Log bytes written and not committed; 0 when no data waits.</param>
/// <param name="RecoveryPointAge">Age of the oldest write that the service does not have; zero when it has them all.</param>
/// <param name="UploadedBytes">Segment bytes stored since the agent started.</param>
/// <param name="CommittedSegments">Segments committed since the agent started.</param>
internal sealed record ShadowStatus(
    ShadowState State,
    string Reason,
    long Epoch,
    long CommittedSequence,
    long BacklogBytes,
    TimeSpan RecoveryPointAge,
    long UploadedBytes,
    long CommittedSegments)
{
    /// <summary>What a catch-up has copied and has left; null when nothing is to be copied.</summary>
    public CopyProgress? Copying { get; init; }

    /// <summary>Why the service lacks blocks of the store; none when it lacks none but what the log has.</summary>
    public DirtyReason DirtyReason { get; init; }

    /// <summary>True while the store is copied to a staging branch: the service has the image from before until all of it is there.</summary>
    public bool IsCatchingUp { get; init; }
}
