using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Tidegate.Client.Grain;

/// <summary>An authenticated TLS connection as Orleans wants to see it: two pipes over the stream.</summary>
internal sealed class LinkConnection : ConnectionContext
{
    private readonly SslStream _stream;
    private readonly CancellationTokenSource _closed = new();
    private readonly TaskCompletionSource<Task> _closing = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _aborted;
    private int _signalled;

    public LinkConnection(SslStream stream, EndPoint? local, EndPoint? remote)
    {
        _stream = stream;
        LocalEndPoint = local;
        RemoteEndPoint = remote;
        Transport = new DuplexPipe(PipeReader.Create(new WatchedStream(stream, SignalClosed), new StreamPipeReaderOptions(leaveOpen: true)), PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true)));
        ConnectionClosed = _closed.Token;
    }

    /// <summary>Ends when the connection has ended, whoever ended it.</summary>
    public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override string ConnectionId { get; set; } = Guid.NewGuid().ToString("N");
    public override IFeatureCollection Features { get; } = new FeatureCollection();
    public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();
    public override IDuplexPipe Transport { get; set; }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        if (Interlocked.Exchange(ref _aborted, 1) != 0) return;
        // Closing the stream fails reads and writes under way; the token tells Orleans that the transport is gone.
        _stream.Dispose();
        SignalClosed();
    }

    public override async ValueTask DisposeAsync()
    {
        Abort(new ConnectionAbortedException("The link was closed."));
        await await _closing.Task;
        _closed.Dispose();
    }

    /// <summary>
    /// As every transport does, it says itself that its peer has gone: Orleans, which reads the end, may take as long as its calls under
    /// way to let go of the connection, and until then the agent would count as linked.
    /// </summary>
    private void SignalClosed()
    {
        Ended.TrySetResult();
        if (Interlocked.Exchange(ref _signalled, 1) == 0) _closing.SetResult(_closed.CancelAsync());
    }
}
