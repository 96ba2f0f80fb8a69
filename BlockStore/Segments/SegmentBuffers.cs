using System.Buffers;

namespace Tidegate.BlockStore.Segments;

/// <summary>
/// Buffers to seal segments in. The shared pool keeps one of every size for every thread that ever gave one back, and doubles sizes: with
/// segments of many MiB that came to most of a small heap (I11). Here what is idle is bounded for the whole process, and sizes fit.
/// </summary>
/// <param name="maxIdleBytes">Most bytes that wait to be used again.</param>
internal sealed class SegmentBuffers(int maxIdleBytes)
{
    /// <summary>The process's: two segments of the size that agents seal at, about, with their sectors, may wait.</summary>
    public static readonly SegmentBuffers Shared = new(36 << 20);

    /// <summary>Sizes from this one on are multiples of it; smaller ones are the shared pool's.</summary>
    private const int Unit = 1 << 20;

    private readonly Lock _lock = new();
    private readonly List<byte[]> _idle = [];
    private long _idleBytes;

    /// <summary>Bytes that wait now.</summary>
    public long IdleBytes
    {
        get
        {
            lock (_lock) return _idleBytes;
        }
    }

    /// <summary>A buffer of at least so many bytes, whose content is whatever was there.</summary>
    public byte[] Rent(int bytes)
    {
        if (bytes < Unit) return ArrayPool<byte>.Shared.Rent(bytes);
        bytes = (int)Math.Min(((long)bytes + Unit - 1) / Unit * Unit, Array.MaxLength);
        lock (_lock)
        {
            var best = -1;
            for (var i = 0; i < _idle.Count; i++)
                if (_idle[i].Length >= bytes && (best < 0 || _idle[i].Length < _idle[best].Length)) best = i;
            // One far too large would keep somebody else from it who needs its size.
            if (best >= 0 && _idle[best].Length <= 2L * bytes)
            {
                var found = _idle[best];
                _idle.RemoveAt(best);
                _idleBytes -= found.Length;
                return found;
            }
        }
        return GC.AllocateUninitializedArray<byte>(bytes);
    }

    /// <summary>Gives a buffer back; nothing may use it any more.</summary>
    public void Return(byte[] buffer)
    {
        if (buffer.Length < Unit)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            return;
        }
        lock (_lock)
        {
            if (buffer.Length > maxIdleBytes) return;
            // The oldest go: what was given back last is of the size that is wanted now.
            while (_idleBytes + buffer.Length > maxIdleBytes)
            {
                _idleBytes -= _idle[0].Length;
                _idle.RemoveAt(0);
            }
            _idle.Add(buffer);
            _idleBytes += buffer.Length;
        }
    }
}
