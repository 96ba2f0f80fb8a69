namespace Tidegate.Silo.Link;

/// <summary>
/// How fast one connection's frames are taken (<c>docs/protocols/link.md</c>, Limits): so many a second, so many at once. A client that
/// sends more waits in its own socket; nothing is refused. Not thread-safe: frames are judged one after the other.
/// </summary>
internal sealed class FramePace(TimeProvider time)
{
    private double _left = LinkLimits.FrameBurst;
    private long _at = time.GetTimestamp();

    /// <summary>Waits until the next frame may be taken.</summary>
    public Task NextAsync()
    {
        var now = time.GetTimestamp();
        _left = Math.Min(LinkLimits.FrameBurst, _left + (time.GetElapsedTime(_at, now).TotalSeconds * LinkLimits.FramesPerSecond));
        _at = now;
        return --_left >= 0 ? Task.CompletedTask : Task.Delay(TimeSpan.FromSeconds(-_left / LinkLimits.FramesPerSecond), time);
    }
}
