using System.IO.Pipelines;
using System.Net.Security;
using Microsoft.AspNetCore.Connections;

namespace Tidegate.Client.Grain;

/// <summary>TLS as connection middleware, for both ends of the link (<c>docs/protocols/link.md</c>, TLS).</summary>
public static class TlsTransport
{
    /// <summary>Longest a handshake may take, on either end.</summary>
    public static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Authenticates over the connection's transport and runs <paramref name="next"/> with the plain text in its place.
    /// Throws what the handshake throws (<see cref="System.Security.Authentication.AuthenticationException"/>,
    /// <see cref="OperationCanceledException"/> when it takes too long).
    /// </summary>
    public static async Task RunAsync(
        ConnectionContext connection, TimeProvider time, Func<SslStream, CancellationToken, Task> authenticate, Func<SslStream, Task> next)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(authenticate);
        ArgumentNullException.ThrowIfNull(next);
        var plain = connection.Transport;
        await using var encrypted = new SslStream(new PipeStream(plain), leaveInnerStreamOpen: true);
        using (var limit = new CancellationTokenSource(HandshakeTimeout, time))
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, connection.ConnectionClosed))
        {
            await authenticate(encrypted, stop.Token);
        }
        var pipes = new DuplexPipe(
            PipeReader.Create(encrypted, new StreamPipeReaderOptions(leaveOpen: true)),
            PipeWriter.Create(encrypted, new StreamPipeWriterOptions(leaveOpen: true)));
        connection.Transport = pipes;
        try
        {
            await next(encrypted);
        }
        finally
        {
            await pipes.Output.CompleteAsync();
            await pipes.Input.CompleteAsync();
            connection.Transport = plain;
        }
    }
}
