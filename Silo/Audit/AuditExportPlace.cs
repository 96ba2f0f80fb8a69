namespace Tidegate.Silo.Audit;

/// <summary>How far an export has come.</summary>
/// <param name="Checkpoint">Number of the last checkpoint given out.</param>
/// <param name="Position">Position of the last entry given out.</param>
/// <param name="IsTail">True once entries are given out that no checkpoint covered.</param>
internal sealed record AuditExportPlace(long Checkpoint, long Position, bool IsTail)
{
    /// <summary>The beginning.</summary>
    public static readonly AuditExportPlace Start = new(0, 0, false);
}
