using Microsoft.AspNetCore.Connections;

namespace Tidegate.Silo.Link;

/// <summary>
/// Connections whose TLS handshake is under way, of which there may be so many. When there are too many, the oldest gives way if it
/// has taken longer than handshakes take: somebody who connects and says nothing does not keep others out.
/// </summary>
internal sealed class Handshakes(TimeProvider time)
{
    /// <summary>A handshake that takes longer is in nobody's way but others'.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly LinkedList<(ConnectionContext Connection, long BeganAt)> _underWay = new();

    /// <summary>How many are under way.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _underWay.Count;
        }
    }

    /// <summary>Begins one; null when there are too many, all of them young.</summary>
    public LinkedListNode<(ConnectionContext Connection, long BeganAt)>? TryBegin(ConnectionContext connection)
    {
        ConnectionContext? late = null;
        LinkedListNode<(ConnectionContext, long)> begun;
        lock (_gate)
        {
            if (_underWay.Count >= LinkLimits.Handshakes)
            {
                var (oldest, beganAt) = _underWay.First!.Value;
                if (time.GetElapsedTime(beganAt) < Patience) return null;
                _underWay.RemoveFirst();
                late = oldest;
            }

            begun = _underWay.AddLast((connection, time.GetTimestamp()));
        }

        late?.Abort(new ConnectionAbortedException("The handshake took longer than others could wait."));
        return begun;
    }

    /// <summary>Ends one, however; a second time does nothing.</summary>
    public void End(LinkedListNode<(ConnectionContext Connection, long BeganAt)> begun)
    {
        lock (_gate)
        {
            if (begun.List is not null) _underWay.Remove(begun);
        }
    }
}
