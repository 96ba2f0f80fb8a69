using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Tidegate.GatewayAgent.Link;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Tests.Unit.Agent.Link;

/// <summary>A connection whose other side the test plays.</summary>
internal sealed class FakeConnection(int number) : ILinkConnection
{
    private Channel<LinkFrame> _frames = Channel.CreateUnbounded<LinkFrame>();
    private readonly TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<LinkHeartbeat> _heartbeats = Channel.CreateUnbounded<LinkHeartbeat>();
    private readonly Channel<RequestReport> _reports = Channel.CreateUnbounded<RequestReport>();

    public int Number => number;

    public string ClientId => $"client-{number}";

    public string Endpoint => $"silo-{number}:443";

    public Task Lost => _lost.Task;

    public LinkHello? Hello { get; private set; }

    public IGatewayObserver? Observer { get; private set; }

    public bool IsDisposed { get; private set; }

    /// <summary>Thrown by reports while set.</summary>
    public Exception? ReportFailure { get; set; }

    /// <summary>Thrown by heartbeats while set.</summary>
    public Exception? HeartbeatFailure { get; set; }

    public int HeartbeatCount => _heartbeats.Reader.Count;

    public void Send(LinkFrame frame) => _frames.Writer.TryWrite(frame);

    /// <summary>Streams that were opened on this connection.</summary>
    public int Opened { get; private set; }

    /// <summary>Ends the stream; the next one that is opened is a fresh one.</summary>
    public void Break(Exception? error = null) => Interlocked.Exchange(ref _frames, Channel.CreateUnbounded<LinkFrame>()).Writer.TryComplete(error);

    public void Lose() => _lost.TrySetResult();

    public async Task<LinkHeartbeat> NextHeartbeatAsync() => await _heartbeats.Reader.ReadAsync();

    public async Task<RequestReport> NextReportAsync() => await _reports.Reader.ReadAsync();

    /// <summary>Its credential is in use.</summary>
    public bool IsAccepted { get; private set; }

    public Task TrustAsync(string authoritiesPem, long generation) => Task.CompletedTask;

    public void Accepted() => IsAccepted = true;

    public async IAsyncEnumerable<LinkFrame> Open(LinkHello hello, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Hello = hello;
        Opened++;
        await foreach (var frame in _frames.Reader.ReadAllAsync(cancellationToken)) yield return frame;
    }

    public Task RegisterAsync(IGatewayObserver observer, long generation)
    {
        Observer = observer;
        return Task.CompletedTask;
    }

    public Task HeartbeatAsync(LinkHeartbeat heartbeat)
    {
        if (HeartbeatFailure is { } failure) return Task.FromException(failure);
        _heartbeats.Writer.TryWrite(heartbeat);
        return Task.CompletedTask;
    }

    public int ReportAttempts { get; private set; }

    public Task ReportAsync(RequestReport report)
    {
        ReportAttempts++;
        if (ReportFailure is { } failure) return Task.FromException(failure);
        _reports.Writer.TryWrite(report);
        return Task.CompletedTask;
    }

    public IVolumeDataGrain GetVolume(string volumeId) => throw new NotSupportedException("no volumes here");

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}
