namespace Tidegate.BlockStore.Segments;

/// <summary>Kinds of log records that a segment is sealed from; the numbers enter the digest.</summary>
public enum LogRecordKind
{
    /// <summary>Sectors got new bytes.</summary>
    Write = 1,
    /// <summary>Sectors are no longer needed and read as zero.</summary>
    Discard = 2,
    /// <summary>Sectors were set to zero.</summary>
    Zero = 3,
}
