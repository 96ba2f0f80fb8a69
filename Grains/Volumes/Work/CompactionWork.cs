using Microsoft.Extensions.Logging;
using Tidegate.BlockStore.Compaction;
using Tidegate.BlockStore.Heads;

namespace Tidegate.Grains.Volumes.Work;

/// <summary>
/// One compaction of a volume, when its accounts say that it is worth it. Kept over attempts: what it copied stays good whatever else was
/// saved meanwhile, but for another compaction.
/// </summary>
internal sealed partial class CompactionWork(string volumeId, CompactionOptions options, VolumeMeters meters, ILogger log) : IVolumeWork
{
    private CompactionResult? _result;

    /// <inheritdoc />
    public string Kind => "compaction";

    /// <inheritdoc />
    public async Task<PreparedChange?> PrepareAsync(WorkContext context, CancellationToken cancellationToken)
    {
        if (_result is null || !_result.IsFor(context.Head))
        {
            var compactor = new Compactor(context.Segments, context.Sealer, context.PutAsync, options);
            _result = await compactor.CompactAsync(context.Head, cancellationToken);
        }

        if (_result is null) return null;
        var prepared = await PreparedChange.OfCompactionAsync(
            context.Head, _result, context.Terms.Now, context.Segments, context.Sealer, cancellationToken);
        return await context.StoreAsync(prepared!, cancellationToken);
    }

    /// <inheritdoc />
    public void Saved()
    {
        meters.Compacted(_result!.StoredBytes, _result.CondemnedBytes);
        LogCompacted(log, volumeId, _result.Condemned.Count, _result.CondemnedBytes, _result.StoredBytes);
    }

    [LoggerMessage(143, LogLevel.Information, "Volume {Volume} is compacted: {Blobs} blobs of {CondemnedBytes} bytes became {StoredBytes} bytes")]
    private static partial void LogCompacted(ILogger log, string volume, int blobs, long condemnedBytes, long storedBytes);
}
