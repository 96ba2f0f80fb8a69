using System.Buffers;

namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>
/// Reads records one after the other and checks each against the one before. Starting from a bare position (no anchor) the
/// first record's links are taken as they are. Not for several threads.
/// </summary>
internal sealed class LogCursor : IDisposable
{
    /// <summary>What is read at once stays in the processor's cache until it is used; of small records it holds dozens.</summary>
    private const int BlockBytes = 256 << 10;
    private readonly LogFile _file;
    private readonly ulong _volumeTag;
    private readonly long _newestGeneration;
    private bool _anchored;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(BlockBytes);
    private long _bufferStart;
    private int _bufferBytes;

    internal LogCursor(LogFile file, ulong volumeTag, long newestGeneration, LogAnchor anchor)
        : this(file, volumeTag, newestGeneration, anchor.Position)
    {
        Anchor = anchor;
        _anchored = true;
    }

    internal LogCursor(LogFile file, ulong volumeTag, long newestGeneration, long position)
    {
        (_file, _volumeTag, _newestGeneration) = (file, volumeTag, newestGeneration);
        Anchor = LogAnchor.Start with { Position = position };
    }

    /// <summary>The place after the last good record.</summary>
    internal LogAnchor Anchor { get; private set; }

    internal LogRecord Current { get; private set; }

    /// <summary>Position of the last note before the current record, -1 for none.</summary>
    internal long NoteBefore { get; private set; } = -1;

    /// <summary>The greatest synced sequence that the good records named.</summary>
    internal long GreatestSynced { get; private set; }

    /// <summary>Reads the next record, which must end at or before <paramref name="limit"/>; null on success, else what is wrong with it.</summary>
    internal string? ReadNext(long limit)
    {
        var position = Anchor.Position;
        if (position + LogRecordHeader.Bytes > limit)
            return "it does not fit";
        Fill(position, LogRecordHeader.Bytes, limit);
        if (!LogRecordHeader.TryDecode(Buffered(position, LogRecordHeader.Bytes).Span, out var header))
            return "its header is damaged";
        if (header.VolumeTag != _volumeTag || header.Position != position)
            return "it belongs elsewhere";
        if (header.Generation < Anchor.Generation || header.Generation > _newestGeneration)
            return "it is of another generation";
        if (_anchored && (header.Sequence != Anchor.Sequence || header.PreviousCrc != Anchor.PreviousCrc))
            return "it does not follow the record before";
        if (header.End > limit)
            return "it does not fit";
        Fill(position, LogRecordHeader.Bytes + header.PayloadBytes, limit);
        var data = Buffered(position + LogRecordHeader.Bytes, header.PayloadBytes);
        if (Crc32C.Compute(data.Span) != header.PayloadCrc)
            return "its payload is damaged";

        Current = header.ToRecord(data);
        NoteBefore = header.PreviousNote;
        GreatestSynced = Math.Max(GreatestSynced, header.Synced);
        Anchor = new LogAnchor(
            header.End, header.Sequence + 1, header.Crc,
            LogRecordHeader.IsNote(header.Kind) ? position : header.PreviousNote, header.Generation);
        _anchored = true;
        return null;
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private ReadOnlyMemory<byte> Buffered(long position, int length) => _buffer.AsMemory((int)(position - _bufferStart), length);

    /// <summary>Makes a range resident, reading ahead as far as the block and the limit allow. What is resident is not read again.</summary>
    private void Fill(long position, int length, long limit)
    {
        if (position >= _bufferStart && position + length <= _bufferStart + _bufferBytes)
            return;
        var kept = position >= _bufferStart ? (int)Math.Max(0, _bufferStart + _bufferBytes - position) : 0;
        var rest = _buffer.AsSpan(_bufferBytes - kept, kept);
        if (length <= _buffer.Length)
        {
            rest.CopyTo(_buffer);
        }
        else
        {
            var larger = ArrayPool<byte>.Shared.Rent(length);
            rest.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        (_bufferStart, _bufferBytes) = (position, kept);
        var count = (int)Math.Min(_buffer.Length, limit - position) - kept;
        _file.Read(position + kept, _buffer.AsSpan(kept, count));
        _bufferBytes += count;
    }
}
