using System.Threading.Channels;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Gateways;

/// <summary>The grain's end of an open link: frames on their way to the agent, and the observer that takes requests.</summary>
internal sealed class LiveLink(LinkState state, LinkHolding holding) : IDisposable
{
    // An agent that reads nothing for this many frames has long been lost; pings alone come at most once a second.
    private const int MaxFrames = 32;

    private readonly Channel<LinkFrame> _frames = Channel.CreateBounded<LinkFrame>(
        new BoundedChannelOptions(MaxFrames) { SingleReader = true, AllowSynchronousContinuations = false });

    private readonly CancellationTokenSource _over = new();

    /// <summary>Liveness.</summary>
    public LinkState State { get; set; } = state;

    /// <summary>The connection that it was opened over.</summary>
    public LinkHolding Holding => holding;

    /// <summary>Where requests go; null until the agent has registered it.</summary>
    public IGatewayObserver? Observer { get; set; }

    /// <summary>
    /// The link of the same agent process that this one takes over from. It stands, and takes requests, until this one has an observer: so an
    /// agent that changes connections misses nothing.
    /// </summary>
    public LiveLink? Predecessor { get; set; }

    /// <summary>True since a newer link of the same agent process has begun to take over.</summary>
    public bool IsHandedOver { get; set; }

    /// <summary>The service's CAs as the agent was last told them over this link, PEM.</summary>
    public string ToldAuthorities { get; set; } = "";

    /// <summary>When its agent is to be had to replace a certificate of a former CA; null while that is not decided.</summary>
    public DateTimeOffset? ReplaceAt { get; set; }

    /// <summary>Cancelled when the link is over.</summary>
    public CancellationToken Over => _over.Token;

    /// <summary>Its generation.</summary>
    public long Generation => State.Generation;

    /// <summary>Frames in order, until the link is over.</summary>
    public IAsyncEnumerable<LinkFrame> Frames(CancellationToken cancellation) => _frames.Reader.ReadAllAsync(cancellation);

    /// <summary>Queues a frame; false when the agent does not take frames any more.</summary>
    public bool Send(LinkFrame frame) => _frames.Writer.TryWrite(frame);

    /// <summary>Ends the link; what is queued is still delivered, then <paramref name="last"/>.</summary>
    public void End(LinkFrame? last = null)
    {
        if (last is not null) Send(last);
        _frames.Writer.TryComplete();
        _over.Cancel();
    }

    /// <summary>The link that requests go over: this one, or its predecessor while the agent has registered nothing here. <c>GatewayNotConnected</c> when there is none.</summary>
    public LiveLink RequireReachable() => Observer is not null ? this : Predecessor is { Observer: not null, Over.IsCancellationRequested: false } standing ? standing : throw NotConnected();

    /// <summary>The explicit failure of M1.8.</summary>
    public static TidegateException NotConnected() => new(
        ErrorCodes.GatewayNotConnected, "The gateway holds no connection to the service.", "Check that the agent runs and reaches the service, then try again.");

    /// <inheritdoc />
    public void Dispose() => _over.Dispose();
}
