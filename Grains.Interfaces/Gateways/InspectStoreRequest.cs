namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Asks the agent whether a volume may be made of something that is on its machine already; its result is a <see cref="StoreInspection"/>.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.request-inspect-store")]
public sealed record InspectStoreRequest : GatewayRequest
{
    /// <summary>Longest path, in characters.</summary>
    public const int MaxPathLength = 255;

    /// <summary>Absolute path of a raw image or a block device.</summary>
    [Id(0)] public required string Path { get; init; }
}
