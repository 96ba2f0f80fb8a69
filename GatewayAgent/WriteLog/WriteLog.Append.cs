using Tidegate.GatewayAgent.Devices;

namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>Appending, and waiting for room.</summary>
internal sealed partial class WriteLog
{
    private TaskCompletionSource? _room;
    private BlockDeviceException? _stall;

    /// <summary>Raised, on any thread, when a writer waits for room: applying or committing sooner would help.</summary>
    public event Action? RoomWanted;

    /// <summary>
    /// Appends a record and returns its position; waits while the log has no room. Not durable yet. Writes carry their bytes
    /// (at most 4 MiB), discards and zeroes none.
    /// </summary>
    public async ValueTask<long> AppendAsync(
        LogRecordKind kind, long offset, long length, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        var crc = Crc32C.Compute(data.Span);
        long position;
        while (!TryAppend(kind, offset, length, data.Span, crc, out position))
            await WaitForRoomAsync(data.Length, LogRecordHeader.IsNote(kind), cancellationToken);
        return position;
    }

    /// <summary>Appends if there is room now. <paramref name="dataCrc"/> is the CRC32C of the data, made before taking any lock.</summary>
    internal bool TryAppend(LogRecordKind kind, long offset, long length, ReadOnlySpan<byte> data, uint dataCrc, out long position)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(data.Length, LogRecordHeader.MaxPayloadBytes, nameof(data));
        bool sync;
        lock (_gate)
        {
            ThrowIfStopped();
            position = _next.Position;
            if (!HasRoom(data.Length, LogRecordHeader.IsNote(kind)))
                return false;
            Put(kind, offset, length, data, dataCrc);
            sync = NoteUnsynced();
        }
        if (sync)
            StartSync();
        return true;
    }

    /// <summary>Completes when a record of that size may fit; another writer may be quicker.</summary>
    internal Task WaitForRoomAsync(int payloadBytes, bool isNote, CancellationToken cancellationToken)
    {
        Task room;
        lock (_gate)
        {
            ThrowIfStopped();
            if (HasRoom(payloadBytes, isNote))
                return Task.CompletedTask;
            ThrowIfNoRoomIsComing();
            _room ??= StarterScheduler.NewSource();
            room = _room.Task;
        }
        // Whatever holds the space, unsynced data is the first thing that may be in the way of freeing it.
        StartSync();
        RoomWanted?.Invoke();
        return room.WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Says that no room can be expected for now (the local store is full): writers that would wait fail with
    /// <paramref name="reason"/> instead. Null ends it.
    /// </summary>
    internal void SetStall(BlockDeviceException? reason)
    {
        TaskCompletionSource? room;
        lock (_gate)
        {
            _stall = reason;
            room = Take(ref _room);
        }
        room?.TrySetResult();
    }

    /// <summary>Throws when waiting for room would be in vain: the log has stopped, or the store is full.</summary>
    internal void ThrowIfNoRoomIsComing()
    {
        lock (_gate)
        {
            ThrowIfStopped();
            if (_stall is { } stall)
                throw new BlockDeviceException(stall.Error, stall.Message, stall.InnerException);
        }
    }

    /// <summary>Records that a segment holds a range; durable on return. Its range must be durable and follow the last seal.</summary>
    public async Task AppendSealAsync(SealDecision seal, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(seal.End, DurableEnd, nameof(seal));
        await AppendNoteAsync(LogRecordKind.Seal, seal.First, seal.End - seal.First, LogNotes.EncodeSeal(seal),
            () => _seals.Add(seal), cancellationToken);
    }

    /// <summary>
    /// Marks a snapshot's place in the write order; durable on return. Returns the cut: the snapshot holds every record
    /// before it, among them every write acknowledged before the call (M2.8).
    /// </summary>
    public Task<long> AppendBarrierAsync(string snapshotId, CancellationToken cancellationToken) =>
        AppendNoteAsync(LogRecordKind.Barrier, 0, 0, LogNotes.EncodeBarrier(snapshotId),
            () => _barriers.Add(new BarrierPoint(snapshotId, _next.Position)), cancellationToken);

    /// <summary>Records a new, greater volume size; durable on return.</summary>
    internal Task<long> AppendResizeAsync(long sizeBytes, CancellationToken cancellationToken) =>
        AppendNoteAsync(LogRecordKind.Resize, 0, sizeBytes, [],
            () => _superblock = _superblock with { VolumeSizeBytes = Math.Max(_superblock.VolumeSizeBytes, sizeBytes) }, cancellationToken);

    private async Task<long> AppendNoteAsync(
        LogRecordKind kind, long offset, long length, byte[] body, Action appended, CancellationToken cancellationToken)
    {
        var crc = Crc32C.Compute(body);
        while (true)
        {
            long? end = null;
            lock (_gate)
            {
                ThrowIfStopped();
                if (HasRoom(body.Length, isNote: true))
                {
                    Put(kind, offset, length, body, crc);
                    appended();
                    end = _next.Position;
                }
            }
            if (end is { } position)
            {
                await SyncAsync();
                return position;
            }
            await WaitForRoomAsync(body.Length, isNote: true, cancellationToken);
        }
    }

    private bool HasRoom(int payloadBytes, bool isNote)
    {
        var end = _next.Position + LogRecordHeader.Footprint(payloadBytes);
        return end <= _tail + _file.CapacityBytes - (isNote ? 0 : _reserveBytes)
            && (end <= _durable + _windowBytes || _next.Position == _durable)
            && (isNote || end <= _applied + _options.MaxUnappliedBytes || _next.Position == _applied);
    }

    /// <summary>Writes a record at the end; under the gate, so that records are whole and in order in the file.</summary>
    private void Put(LogRecordKind kind, long offset, long length, ReadOnlySpan<byte> data, uint dataCrc)
    {
        var header = new LogRecordHeader
        {
            PreviousCrc = _next.PreviousCrc,
            Kind = kind,
            VolumeTag = _volumeTag,
            Generation = _next.Generation,
            Sequence = _next.Sequence,
            Synced = _durableSequence,
            Position = _next.Position,
            Offset = offset,
            Length = length,
            HostTimeMilliseconds = _options.Time.GetUtcNow().ToUnixTimeMilliseconds(),
            PreviousNote = _next.LastNote,
            PayloadBytes = data.Length,
            PayloadCrc = dataCrc,
        };
        var crc = header.Encode(_gather);
        try
        {
            var footprint = (int)LogRecordHeader.Footprint(data.Length);
            if (footprint <= GatherBytes)
            {
                data.CopyTo(_gather.AsSpan(LogRecordHeader.Bytes));
                _gather.AsSpan(LogRecordHeader.Bytes + data.Length, footprint - LogRecordHeader.Bytes - data.Length).Clear();
                _file.Write(header.Position, _gather.AsSpan(0, footprint));
            }
            else
            {
                _file.Write(header.Position, _gather.AsSpan(0, LogRecordHeader.Bytes));
                _file.Write(header.Position + LogRecordHeader.Bytes, data);
            }
        }
        catch (Exception fault)
        {
            Fail(fault);
            ThrowIfStopped();
        }
        _next = new LogAnchor(
            header.End, header.Sequence + 1, crc, LogRecordHeader.IsNote(kind) ? header.Position : header.PreviousNote, header.Generation);
    }

    internal void ThrowIfStopped()
    {
        if (_failure is null)
            return;
        throw _failure is BlockDeviceException { Error: DeviceError.ShuttingDown } closed
            ? new BlockDeviceException(closed.Error, closed.Message)
            : new BlockDeviceException(DeviceError.Io,
                $"The write log of volume '{_options.VolumeId}' stopped: {_failure.Message}. Check the disk, then restart the agent.", _failure);
    }

    private static T? Take<T>(ref T? source) where T : class
    {
        var taken = source;
        source = null;
        return taken;
    }
}
