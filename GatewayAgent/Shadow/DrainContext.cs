using Tidegate.BlockStore.Segments;

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
    /// <summary>Told of every failed attempt, for people.</summary>
    public required Action<string> Failed { get; init; }

    /// <summary>Told of every stored segment's bytes.</summary>
    public required Action<long> CountStored { get; init; }

    /// <summary>Told of every commit: how many segments.</summary>
    public required Action<int> Committed { get; init; }
}
