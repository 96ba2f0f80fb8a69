namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Rules of the link that clients with a gateway's certificate broke at one silo, summed up for the audit.</summary>
/// <param name="Layer">Who noticed: <c>port</c>, <c>frame</c> or <c>call</c>.</param>
/// <param name="Rule">The last rule broken, for people; no secrets, at most <see cref="MaxTextLength"/> characters.</param>
/// <param name="Count">How many breaches this record stands for; at least 1.</param>
/// <param name="Since">The first of them.</param>
/// <param name="Until">The last of them.</param>
/// <param name="Remote">Address that the last one came from; empty when it is not known.</param>
/// <param name="ClientId">Client id that the last one came from; empty before there is one.</param>
[GenerateSerializer, Immutable, Alias("tidegate.link-breaches")]
public sealed record LinkBreaches(
    [property: Id(0)] string Layer,
    [property: Id(1)] string Rule,
    [property: Id(2)] long Count,
    [property: Id(3)] DateTimeOffset Since,
    [property: Id(4)] DateTimeOffset Until,
    [property: Id(5)] string Remote,
    [property: Id(6)] string ClientId)
{
    /// <summary>Longest text of any member.</summary>
    public const int MaxTextLength = 256;
}
