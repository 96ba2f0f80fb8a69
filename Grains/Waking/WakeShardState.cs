namespace Tidegate.Grains.Waking;

/// <summary>Saved state of a wake shard.</summary>
[GenerateSerializer, Alias("tidegate.state.wake-shard")]
internal sealed record WakeShardState
{
    /// <summary>The watched grains, as <see cref="WakeList"/> packs them.</summary>
    [Id(0)] public byte[] Watched { get; init; } = [];
}
