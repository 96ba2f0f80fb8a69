using Tidegate.BlockStore.Segments;
using Tidegate.GatewayAgent.Uplink;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>What the parts of one epoch's drain share.</summary>
internal sealed record DrainContext(
    EpochSession Session,
    WriteLog.WriteLog Log,
    IVolumeService Service,
    IBlobTransport Blobs,
    SealWorkers Workers,
    INonceSource Nonces,
    ShadowOptions Options,
    TimeProvider Time,
    ServiceCalls Calls)
{
    /// <summary>When age cuts a segment.</summary>
    public required SealDeadline Deadline { get; init; }

    /// <summary>The volume's share of the uplink.</summary>
    public required ITransferPace Pace { get; init; }

    /// <summary>Bounds how many fills all volumes have in memory.</summary>
    public required FillTurns Fills { get; init; }

    /// <summary>Told of every failed attempt, for people.</summary>
    public required Action<string> Failed { get; init; }

    /// <summary>Told of every stored segment's bytes.</summary>
    public required Action<long> CountStored { get; init; }

    /// <summary>Told of every commit, with its number of segments, and with 0 when nothing is left to do.</summary>
    public required Action<int> Progressed { get; init; }
}
