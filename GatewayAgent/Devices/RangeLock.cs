using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.GatewayAgent.Devices;

/// <summary>
/// Ranges held by requests that read, change and write back. Requests that only append do so in one step under the caller's
/// lock and merely have to keep out of held ranges. Every call is made under that lock.
/// </summary>
internal sealed class RangeLock
{
    private readonly List<Held> _held = [];

    internal sealed class Held(long offset, long length)
    {
        internal TaskCompletionSource Released { get; } = StarterScheduler.NewSource();

        internal bool Overlaps(long otherOffset, long otherLength) => otherOffset < offset + length && offset < otherOffset + otherLength;
    }

    /// <summary>What to wait for before the range can be had; null when it is free.</summary>
    internal Task? Obstacle(long offset, long length)
    {
        foreach (var held in _held)
        {
            if (held.Overlaps(offset, length))
                return held.Released.Task;
        }
        return null;
    }

    internal Held Take(long offset, long length)
    {
        var held = new Held(offset, length);
        _held.Add(held);
        return held;
    }

    internal void Release(Held held)
    {
        _held.Remove(held);
        held.Released.TrySetResult();
    }
}
