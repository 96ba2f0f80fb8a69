namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>A place between two records with what the next record must continue.</summary>
/// <param name="Position">Where the next record starts.</param>
/// <param name="Sequence">The sequence it must have.</param>
/// <param name="PreviousCrc">The header CRC it must name.</param>
/// <param name="LastNote">Position of the last note before it, -1 for none.</param>
/// <param name="Generation">The least generation it may have.</param>
internal readonly record struct LogAnchor(long Position, long Sequence, uint PreviousCrc, long LastNote, long Generation)
{
    internal static readonly LogAnchor Start = new(0, 1, 0, -1, 0);
}
