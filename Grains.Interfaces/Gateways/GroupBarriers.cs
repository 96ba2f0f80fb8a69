namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>
/// Where in the write orders of several volumes one point lies: no write that was issued after an answer from any of them beyond its point is
/// before another's. Durable in the agent's logs when this is sent.
/// </summary>
/// <param name="GroupId">The group.</param>
/// <param name="Barriers">One for each volume; fewer when the gateway was interrupted between them, none while the group waits.</param>
/// <param name="WaitingFor">Why no point could be taken now, and the group is to be asked for again; empty when it was taken.</param>
[GenerateSerializer, Immutable, Alias("tidegate.group-barriers")]
public sealed record GroupBarriers(
    [property: Id(0)] string GroupId,
    [property: Id(1)] IReadOnlyList<SnapshotBarrier> Barriers,
    [property: Id(2)] string WaitingFor) : RequestResult;
