using System.Collections.Frozen;
using System.Net;
using Tidegate.Grains.Interfaces.Ids;

namespace Tidegate.Silo.Link;

/// <summary>
/// What one client's frames may say (<c>docs/protocols/link.md</c>, Frames). Pure but for the table of requests that
/// left for this client; one instance a connection. Inbound and outbound frames are judged on different threads.
/// </summary>
internal sealed class FrameRules(string clientId, FrozenDictionary<GrainType, ResourceKind> openGrainTypes, IPEndPoint thisGateway)
{
    /// <summary>The one system target a client needs: it reads the cluster's manifest from it.</summary>
    public static readonly GrainType ManifestTarget = GrainType.Create("sys.svc.manifest");

    private readonly OrderedDictionary<(long Id, GrainId Client), GrainId> _asked = [];

    /// <summary>Notes a request on its way to the client: it may be answered once, by its target, to its sender.</summary>
    public void Outbound(in FrameHeader frame)
    {
        if (frame.Direction != FrameDirection.Request) return;
        lock (_asked)
        {
            if (_asked.Count >= LinkLimits.OutstandingRequests) _asked.RemoveAt(0);
            _asked[(frame.Id, frame.Target)] = frame.Sender;
        }
    }

    /// <summary>Null when the frame may go on to Orleans; otherwise the rule it breaks.</summary>
    public string? Refusal(in FrameHeader frame)
    {
        if (frame.HasCacheInvalidation) return "a cache invalidation header";
        if (!IsOwn(frame.Sender)) return $"a forged sender {frame.Sender}";
        return frame.Direction switch
        {
            FrameDirection.Request or FrameDirection.OneWay => RequestRefusal(frame),
            FrameDirection.Response => ResponseRefusal(frame),
            _ => "a frame without a direction",
        };
    }

    private string? RequestRefusal(in FrameHeader frame)
    {
        if (frame.Response != FrameResponse.None) return "a request that says it is a response";
        // Orleans forwards a system target's call to whatever address it names, and falls over one that names none, with the whole silo: from
        // here it may name this gateway only.
        if (frame.Target.Type == ManifestTarget)
            return thisGateway.Equals(frame.TargetSilo) ? null : $"a call to a system target at {frame.TargetSilo?.ToString() ?? "no address"}";
        if (!openGrainTypes.TryGetValue(frame.Target.Type, out var kind)) return $"a call to {frame.Target.Type}, which is open to no client";
        // A grain that is called is woken, and looks for its state: not for whatever somebody writes.
        return ResourceId.IsValid(kind, frame.Target.Key.ToString()) ? null : $"a call to {frame.Target.Type} under a key that is no id of a {kind}";
    }

    private string? ResponseRefusal(in FrameHeader frame)
    {
        if (frame.Response is FrameResponse.Rejection or FrameResponse.Status) return $"a {frame.Response} frame";
        lock (_asked)
        {
            return _asked.Remove((frame.Id, frame.Sender), out var asker) && asker == frame.Target
                ? null
                : "a response to a request that was not sent here";
        }
    }

    /// <summary>The client itself or one of its observers, which Orleans names <c>client+observer</c>.</summary>
    private bool IsOwn(GrainId sender) => sender.Type == GrainTypePrefix.ClientGrainType && LinkCallFilter.ClientKey(sender) == clientId;
}
