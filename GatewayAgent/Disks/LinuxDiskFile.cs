using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tidegate.GatewayAgent.Disks;

/// <summary>A file by its descriptor: positional reads and writes, checked syncs, holes.</summary>
internal sealed unsafe class LinuxDiskFile : IDiskFile
{
    /// <summary>
    /// Greatest single write. The page cache makes one folio of it, and ext4 walks a folio's buffers from its start at every
    /// later write into it: small writes into folios of 256 KiB cost three times as much.
    /// </summary>
    private const int PieceBytes = 16 * 1024;

    private readonly SafeFileHandle _handle;
    private readonly string _path;
    private long _sizeBytes;

    internal LinuxDiskFile(SafeFileHandle handle, string path)
    {
        _handle = handle;
        _path = path;
        _sizeBytes = NativeFile.Seek(handle, 0, 2);
        if (_sizeBytes < 0)
            throw Fault("lseek");
    }

    public long SizeBytes => Volatile.Read(ref _sizeBytes);

    public DateTimeOffset ModifiedAt => new(File.GetLastWriteTimeUtc(_handle), TimeSpan.Zero);

    public void Read(long position, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            var done = 0;
            while (done < buffer.Length)
            {
                var count = NativeFile.Read(_handle, start + done, (nuint)(buffer.Length - done), position + done);
                if (count < 0 && Marshal.GetLastPInvokeError() == NativeFile.Interrupted)
                    continue;
                if (count < 0)
                    throw Fault("pread");
                if (count == 0)
                    throw new DiskFaultException($"pread past the end at {position + done}", _path, (int)Devices.DeviceError.Io);
                done += (int)count;
            }
        }
    }

    public void Write(long position, ReadOnlySpan<byte> data)
    {
        fixed (byte* start = data)
        {
            var done = 0;
            while (done < data.Length)
            {
                var count = NativeFile.Write(_handle, start + done, (nuint)PieceOf(position + done, data.Length - done), position + done);
                if (count < 0 && Marshal.GetLastPInvokeError() == NativeFile.Interrupted)
                    continue;
                if (count < 0)
                    throw Fault("pwrite");
                done += (int)count;
            }
        }
        Grow(position + data.Length);
    }

    public void WriteGather(long position, IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        for (var first = 0; first < pieces.Count;)
        {
            var count = Math.Min(pieces.Count - first, NativeFile.MaxVectors);
            position += WriteVectors(position, pieces, first, count);
            first += count;
        }
    }

    public void SyncData()
    {
        // An interrupted sync has made no promise and may be called again; every other failure is final.
        while (NativeFile.SyncData(_handle) != 0)
        {
            if (Marshal.GetLastPInvokeError() != NativeFile.Interrupted)
                throw Fault("fdatasync");
        }
    }

    public void Allocate(long position, long length)
    {
        while (NativeFile.Allocate(_handle, 0, position, length) != 0)
        {
            if (Marshal.GetLastPInvokeError() != NativeFile.Interrupted)
                throw Fault("fallocate");
        }
        Grow(position + length);
    }

    public void PunchHole(long position, long length)
    {
        while (NativeFile.Allocate(_handle, NativeFile.KeepSize | NativeFile.PunchHole, position, length) != 0)
        {
            if (Marshal.GetLastPInvokeError() is var errno && errno == NativeFile.NotSupported)
            {
                // A file system or device without holes: what it holds must read as zero all the same.
                WriteZeroes(position, length);
                return;
            }
            if (errno != NativeFile.Interrupted)
                throw Fault("fallocate (punch hole)");
        }
    }

    public void SetSize(long sizeBytes)
    {
        if (NativeFile.SetSize(_handle, sizeBytes) == 0)
        {
            Volatile.Write(ref _sizeBytes, sizeBytes);
            return;
        }
        if (Marshal.GetLastPInvokeError() != NativeFile.Invalid)
            throw Fault("ftruncate");
        // A block device has the size that it has; it may have been enlarged since it was opened.
        var device = NativeFile.Seek(_handle, 0, 2);
        if (device < sizeBytes)
            throw new DiskFaultException($"a size of {sizeBytes} bytes (the device has {device}: enlarge it first)", _path, NativeFile.Invalid);
        Volatile.Write(ref _sizeBytes, device);
    }

    public (long LengthBytes, bool IsHole) NextExtent(long position)
    {
        var data = NativeFile.Seek(_handle, position, NativeFile.SeekData);
        if (data < 0)
        {
            // A block device does not tell: all of it is data.
            if (Marshal.GetLastPInvokeError() == NativeFile.Invalid && position < SizeBytes)
                return (SizeBytes - position, false);
            if (Marshal.GetLastPInvokeError() != NativeFile.NoSuchAddress)
                throw Fault("lseek (data)");
            return (Math.Max(0, SizeBytes - position), true);
        }
        if (data > position)
            return (data - position, true);
        var hole = NativeFile.Seek(_handle, position, NativeFile.SeekHole);
        return hole < 0 ? throw Fault("lseek (hole)") : (hole - position, false);
    }

    public void Dispose() => _handle.Dispose();

    private long WriteVectors(long position, IReadOnlyList<ReadOnlyMemory<byte>> pieces, int first, int count)
    {
        var pins = ArrayPool<MemoryHandle>.Shared.Rent(count);
        var vectors = stackalloc NativeFile.Vector[count];
        long total = 0;
        try
        {
            for (var i = 0; i < count; i++)
            {
                var piece = pieces[first + i];
                pins[i] = piece.Pin();
                vectors[i] = new NativeFile.Vector { Base = (byte*)pins[i].Pointer, Length = (nuint)piece.Length };
                total += piece.Length;
            }
            WriteAll(vectors, count, position, total);
        }
        finally
        {
            for (var i = 0; i < count; i++)
                pins[i].Dispose();
            ArrayPool<MemoryHandle>.Shared.Return(pins, clearArray: true);
        }
        Grow(position + total);
        return total;
    }

    private void WriteAll(NativeFile.Vector* vectors, int count, long position, long total)
    {
        while (total > 0)
        {
            var written = NativeFile.WriteVectors(_handle, vectors, count, position);
            if (written < 0 && Marshal.GetLastPInvokeError() == NativeFile.Interrupted)
                continue;
            if (written < 0)
                throw Fault("pwritev");
            position += written;
            total -= written;
            for (; count > 0 && (nuint)written >= vectors->Length; vectors++, count--)
                written -= (nint)vectors->Length;
            if (count > 0)
            {
                vectors->Base += written;
                vectors->Length -= (nuint)written;
            }
        }
    }

    /// <summary>Pieces of a large write end where folios do, so that two pieces never share one.</summary>
    private static int PieceOf(long position, int left) => left <= PieceBytes ? left : PieceBytes - (int)(position % PieceBytes);

    private void WriteZeroes(long position, long length)
    {
        Span<byte> zeroes = stackalloc byte[4096];
        zeroes.Clear();
        for (var end = position + length; position < end; position += zeroes.Length)
            Write(position, zeroes[..(int)Math.Min(zeroes.Length, end - position)]);
    }

    private void Grow(long end)
    {
        for (var size = SizeBytes; end > size; size = SizeBytes)
            Interlocked.CompareExchange(ref _sizeBytes, end, size);
    }

    private DiskFaultException Fault(string operation) => new(operation, _path, Marshal.GetLastPInvokeError());
}
