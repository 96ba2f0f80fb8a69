using System.ComponentModel;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>The encrypted half of a socket's life. Receiving is the reader's; sending is one thread's at a time, which the reply queue sees to.</summary>
internal sealed partial class NbdSocket
{
    private SslStream? _tls;

    /// <summary>True when what is sent and received here is encrypted on the wire.</summary>
    public bool IsEncrypted => _tls is not null;

    /// <summary>
    /// Makes the connection encrypted; returns the client's certificate, or null when it has none. Throws
    /// <see cref="NbdProtocolException"/> when the client does not play along or may not.
    /// </summary>
    public X509Certificate2? StartTls(SslServerAuthenticationOptions handshake)
    {
        var encrypted = new NbdSocketStream(this);
        var tls = new SslStream(encrypted, leaveInnerStreamOpen: false);
        try
        {
            tls.AuthenticateAsServer(handshake);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or Win32Exception or InvalidOperationException)
        {
            tls.Dispose();
            throw new NbdProtocolException($"the TLS handshake failed: {(e.InnerException ?? e).Message}");
        }
        encrypted.Agreed();
        _tls = tls;
        return tls.RemoteCertificate is { } certificate ? certificate as X509Certificate2 ?? new X509Certificate2(certificate) : null;
    }

    /// <summary>Tells the client that nothing more comes, so that it need not take the end for an attack.</summary>
    public void EndTls()
    {
        try
        {
            _tls?.ShutdownAsync().GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The client is gone already.
        }
    }

    private static int Receive(SslStream tls, Span<byte> buffer)
    {
        try
        {
            return tls.Read(buffer);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return 0;
        }
    }

    /// <summary>What TLS has taken cannot be left half sent, so without waiting nothing is taken; the queue's sender waits instead.</summary>
    private static int Send(SslStream tls, ReadOnlySpan<byte> data, bool wait)
    {
        if (!wait)
            return 0;
        try
        {
            tls.Write(data);
            return data.Length;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return -1;
        }
    }
}
