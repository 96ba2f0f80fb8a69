using Tidegate.GatewayAgent.Devices;

namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>Absent blocks as a volume with a planted bug treats them.</summary>
internal sealed class PlantedBlocks(IAbsentBlocks blocks, PlantedBug bug) : IAbsentBlocks
{
    public bool IsPresent(long offset, long length) => bug == PlantedBug.AbsentReadFromStore || blocks.IsPresent(offset, length);

    public ValueTask EnsurePresentAsync(long offset, long length, CancellationToken cancellationToken) =>
        blocks.EnsurePresentAsync(offset, length, cancellationToken);

    public void MarkWritten(long offset, long length)
    {
        if (bug != PlantedBug.HydrationOverLocalWrite)
            blocks.MarkWritten(offset, length);
    }

    public void MarkStored(long offset, long length)
    {
        if (bug != PlantedBug.HydrationOverLocalWrite)
            blocks.MarkStored(offset, length);
    }

    public Task SettleAsync() => blocks.SettleAsync();

    public void SyncMarks()
    {
        if (bug != PlantedBug.MarksForgottenAtTrim)
            blocks.SyncMarks();
    }
}
