namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Counts the requests of one connection that wait for the device, and holds its reader at the limits.</summary>
internal sealed class NbdInFlight(int maxRequests, long maxBytes)
{
    private readonly object _gate = new();
    private int _requests;
    private long _bytes;

    /// <summary>True when so little waits that a session may go on while memory is scarce.</summary>
    public bool IsLittle(long queuedBytes) =>
        Volatile.Read(ref _requests) <= NbdLimits.ScarceRequests && Volatile.Read(ref _bytes) + queuedBytes <= NbdLimits.ScarceBytes;

    public void Enter(int bytes)
    {
        lock (_gate)
        {
            _requests++;
            _bytes += bytes;
        }
    }

    public void Leave(int bytes)
    {
        lock (_gate)
        {
            _requests--;
            _bytes -= bytes;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>True when a request of this size need not wait now.</summary>
    public bool HasRoom(long bytes) => Volatile.Read(ref _requests) < maxRequests && Volatile.Read(ref _bytes) + bytes <= maxBytes;

    /// <summary>Waits for room; a single request of any size has room once nothing else runs.</summary>
    public void WaitForRoom(long bytes)
    {
        lock (_gate)
        {
            while (_requests > 0 && !HasRoom(bytes))
                Monitor.Wait(_gate);
        }
    }

    public void WaitUntilIdle()
    {
        lock (_gate)
        {
            while (_requests > 0)
                Monitor.Wait(_gate);
        }
    }
}
