using System.Buffers;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>
/// A pooled array with a count of those who still need it: received requests whose data the device reads, and replies on
/// their way out, share a few large arrays. The last <see cref="Release"/> gives it back to the pool.
/// </summary>
internal sealed class NbdBuffer
{
    private int _users = 1;

    private NbdBuffer(byte[] array) => Array = array;

    /// <summary>At least as long as asked for.</summary>
    public byte[] Array { get; }

    /// <summary>True when only the caller uses it, so that its contents may be moved.</summary>
    public bool IsUnshared => Volatile.Read(ref _users) == 1;

    public static NbdBuffer Rent(int minimumBytes) => new(ArrayPool<byte>.Shared.Rent(minimumBytes));

    public void AddUser() => Interlocked.Increment(ref _users);

    public void Release()
    {
        var left = Interlocked.Decrement(ref _users);
        if (left == 0)
            ArrayPool<byte>.Shared.Return(Array);
        else if (left < 0)
            throw new InvalidOperationException("An NBD buffer was released more often than it was used.");
    }
}
