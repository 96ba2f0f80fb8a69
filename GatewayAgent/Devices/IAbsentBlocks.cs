namespace Tidegate.GatewayAgent.Devices;

/// <summary>
/// Blocks of a restored volume that are not in the local store yet. The volume consults it before it reads the store, and
/// tells it what was written, so that hydration never overwrites newer bytes. Offsets and lengths are whole sectors.
/// </summary>
internal interface IAbsentBlocks
{
    /// <summary>True when the store holds the whole range; called for every read of the store, so it must be quick.</summary>
    bool IsPresent(long offset, long length);

    /// <summary>
    /// Brings a range into the store through <see cref="LoggedVolume.FillStore"/>, ahead of the background order. Fails with
    /// EIO when the bytes cannot be had within the configured time.
    /// </summary>
    ValueTask EnsurePresentAsync(long offset, long length, CancellationToken cancellationToken);

    /// <summary>The store is about to take newer bytes for a range: it counts as present. Called under the store's lock.</summary>
    void MarkWritten(long offset, long length);

    /// <summary>
    /// The store has taken newer bytes for a range, and no log has them: it counts as present, durably once <see cref="SettleAsync"/> has synced the
    /// store. Called under the store's lock.
    /// </summary>
    void MarkStored(long offset, long length);

    /// <summary>Makes durable what was marked as stored: the store first, the marks after it.</summary>
    Task SettleAsync();

    /// <summary>Makes earlier marks durable; called after the store is synced and before log space is freed. Blocks.</summary>
    void SyncMarks();
}
