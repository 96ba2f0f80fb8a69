namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>
/// Asks the agent to write blocks of a volume anew from its local copy, because what is stored of them is damaged; its result is a <see
/// cref="BlocksRefreshed"/>.
/// </summary>
[GenerateSerializer, Immutable, Alias("tidegate.request-refresh")]
public sealed record RefreshRequest : GatewayRequest
{
    /// <summary>Most blocks of one request.</summary>
    public const int MaxBlocks = 256;

    /// <summary>The volume.</summary>
    [Id(0)] public required string VolumeId { get; init; }

    /// <summary>Numbers of 64 KiB blocks.</summary>
    [Id(1)] public required long[] Blocks { get; init; }
}
