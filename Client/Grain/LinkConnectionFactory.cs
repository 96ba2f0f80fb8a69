using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Connections;
using Tidegate.Client.Proxies;

namespace Tidegate.Client.Grain;

/// <summary>
/// Dials one silo, once. Orleans asks for the advertised address; what is dialled is the endpoint's own, and the TLS
/// handshake with the pinned CA is part of dialling, so that a wrong peer fails the connecting itself. After the
/// connection has ended the link is over: a new one starts with a new discovery.
/// </summary>
internal sealed class LinkConnectionFactory(IPEndPoint advertised, DnsEndPoint dial, SslClientAuthenticationOptions tls, Dialler dialler) : IConnectionFactory, IDisposable
{
    private readonly TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Action? _abort;
    private int _dialled;

    /// <summary>Completes when the connection has ended.</summary>
    public Task Lost => _lost.Task;

    /// <summary>Why dialling failed; null while it did not.</summary>
    public Exception? Failure { get; private set; }

    public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        if (!advertised.Equals(endpoint)) throw new ConnectionAbortedException($"This link leads to {advertised} and not to {endpoint}.");
        if (Interlocked.Exchange(ref _dialled, 1) != 0) throw new ConnectionAbortedException($"The link to {dial.Host}:{dial.Port} is over.");
        SslStream? stream = null;
        try
        {
            var plain = await dialler.ConnectAsync(dial, cancellationToken);
            stream = new SslStream(plain);
            await stream.AuthenticateAsClientAsync(tls, cancellationToken);
            var connection = new LinkConnection(stream, plain.Socket.LocalEndPoint, plain.Socket.RemoteEndPoint);
            _abort = () => connection.Abort(new ConnectionAbortedException("The link was closed."));
            _ = connection.Ended.Task.ContinueWith(static (_, lost) => ((TaskCompletionSource)lost!).TrySetResult(), _lost,
                CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return connection;
        }
        catch (Exception error)
        {
            Failure = error;
            if (stream is not null) await stream.DisposeAsync();
            _lost.TrySetResult();
            throw;
        }
    }

    /// <summary>Ends the connection at once; Orleans, which was handed it, disposes it.</summary>
    public void Dispose()
    {
        _abort?.Invoke();
        _lost.TrySetResult();
    }
}
