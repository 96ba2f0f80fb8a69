using Tidegate.Grains.Interfaces.Ids;

namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>A volume of a group snapshot and the snapshot that is taken of it.</summary>
/// <param name="VolumeId">The volume.</param>
/// <param name="SnapshotId">Its snapshot.</param>
[GenerateSerializer, Immutable, Alias("tidegate.group-member")]
public sealed record GroupMember([property: Id(0)] string VolumeId, [property: Id(1)] string SnapshotId)
{
    /// <summary>The members of a group: the same group has the same snapshots, whoever asks again.</summary>
    public static IReadOnlyList<GroupMember> Of(string groupId, IEnumerable<string> volumeIds) =>
        [.. volumeIds.Select(volumeId => new GroupMember(volumeId, ResourceId.Derive(ResourceKind.Snapshot, $"{groupId}\n{volumeId}")))];
}
