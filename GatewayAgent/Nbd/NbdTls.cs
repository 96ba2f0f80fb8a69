using System.Net.Security;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>What TLS handshakes are made with: the files as they are now, or as they last fitted together.</summary>
internal sealed class NbdTls
{
    private readonly NbdTlsFiles _files;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private SslServerAuthenticationOptions _current;
    private string _stamp;

    private NbdTls(NbdTlsFiles files, string stamp, SslServerAuthenticationOptions current, ILogger logger) =>
        (_files, _stamp, _current, _logger) = (files, stamp, current, logger);

    /// <summary>Reads the files. Throws <see cref="IOException"/> that names every fault.</summary>
    public static NbdTls Open(NbdTlsFiles files, TimeProvider time, ILogger logger)
    {
        var stamp = files.Stamp;
        List<string> faults = [];
        if (NbdTlsIdentity.Load(files, faults) is not { } setup)
            throw new IOException($"NBD cannot be served by TLS: {string.Join("; ", faults)}.");
        if (setup.NotAfter < time.GetUtcNow())
            NbdLog.CertificateExpired(logger, files.CertificateFile, setup.NotAfter);
        if (setup.RevocationsUntil is { } until && until < time.GetUtcNow())
            NbdLog.RevocationsOld(logger, files.ClientRevocationFile!, until);
        return new NbdTls(files, stamp, setup.Handshake, logger);
    }

    /// <summary>For the next handshake. Files that were replaced count from now on; ones that do not fit are told of once.</summary>
    public SslServerAuthenticationOptions Current()
    {
        lock (_gate)
        {
            var stamp = _files.Stamp;
            if (stamp == _stamp)
                return _current;
            _stamp = stamp;
            List<string> faults = [];
            // What was in use stays alive as long as handshakes use it; the collector ends it.
            if (NbdTlsIdentity.Load(_files, faults) is { } setup)
            {
                _current = setup.Handshake;
                NbdLog.CertificateReplaced(_logger, _files.CertificateFile, setup.NotAfter);
            }
            else
            {
                NbdLog.CertificateNotReplaced(_logger, string.Join("; ", faults));
            }
            return _current;
        }
    }
}
