using System.Buffers;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>
/// A pooled array with a count of those who still need it: received requests whose data the device reads, and replies on
/// their way out, share a few large arrays. The last <see cref="Release"/> gives it back to the pool.
/// </summary>
internal sealed class NbdBuffer
{
    private readonly NbdMemory? _memory;
    private readonly int _countedBytes;
    private readonly bool _isGranted;
    private int _users = 1;

    private NbdBuffer(byte[] array, NbdMemory? memory, int countedBytes, bool isGranted) =>
        (Array, _memory, _countedBytes, _isGranted) = (array, memory, countedBytes, isGranted);

    /// <summary>At least as long as asked for.</summary>
    public byte[] Array { get; }

    /// <summary>True when only the caller uses it, so that its contents may be moved.</summary>
    public bool IsUnshared => Volatile.Read(ref _users) == 1;

    /// <summary>A buffer that nobody counts: a handshake's.</summary>
    public static NbdBuffer Rent(int minimumBytes) => new(ArrayPool<byte>.Shared.Rent(minimumBytes), memory: null, 0, isGranted: false);

    /// <summary>A buffer that gives <paramref name="countedBytes"/> back to the memory at its end.</summary>
    public static NbdBuffer Rent(int minimumBytes, NbdMemory memory, int countedBytes, bool isGranted) =>
        new(ArrayPool<byte>.Shared.Rent(minimumBytes), memory, countedBytes, isGranted);

    public void AddUser() => Interlocked.Increment(ref _users);

    public void Release()
    {
        var left = Interlocked.Decrement(ref _users);
        if (left == 0)
        {
            ArrayPool<byte>.Shared.Return(Array);
            _memory?.Return(_countedBytes, _isGranted);
        }
        else if (left < 0)
            throw new InvalidOperationException("An NBD buffer was released more often than it was used.");
    }
}
