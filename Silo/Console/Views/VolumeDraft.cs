using Tidegate.Client.Rest.Models;

namespace Tidegate.Silo.Console.Views;

/// <summary>What is in the fields of the form that makes a volume.</summary>
/// <param name="GatewayId">Gateway that is to serve it.</param>
/// <param name="Name">Its name.</param>
/// <param name="Size">Its size as it was typed.</param>
/// <param name="Unit">Unit of that: MiB, GiB or TiB.</param>
/// <param name="Snapshot">Snapshot to restore; null for none.</param>
/// <param name="PointOf">Volume to take a recovery point of; null for none.</param>
/// <param name="Point">That point.</param>
public sealed record VolumeDraft(string GatewayId, string Name, string Size, string Unit, SnapshotView? Snapshot, VolumeView? PointOf, long Point)
{
    /// <summary>True for a volume that begins with data.</summary>
    public bool HasSource => Snapshot is not null || PointOf is not null;
}
