using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Client.Grain;
using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Client.Developers;

/// <summary>
/// One connection to one silo, with a key pair and certificate of its own. Calls hold a lease while they run; a connection that has been replaced
/// closes when its last lease ends, and at the end of its certificate in any case.
/// </summary>
internal sealed class DeveloperLink : IAsyncDisposable
{
    private readonly X509Certificate2 _certificate;
    private readonly LinkClient _client;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _renewal;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _leases;
    private bool _isRetired;
    private int _disposed;

    private DeveloperLink(DeveloperApi api, X509Certificate2 certificate, LinkClient client, DateTimeOffset renewAt)
    {
        (_certificate, _client, RenewAt) = (certificate, client, renewAt);
        var pem = certificate.ExportCertificatePem();
        _renewal = client.Tokens!.RenewAsync(stop => api.IssueTokenAsync(pem, client.ClientId, stop), _stopping.Token);
        Lost = Task.WhenAny(client.Lost, _renewal);
    }

    /// <summary>Makes references to grains over this connection.</summary>
    public IClusterClient Cluster => _client.Cluster;

    /// <summary>Its Orleans client id.</summary>
    public string ClientId => _client.ClientId;

    /// <summary>The account that the certificate names.</summary>
    public string AccountId => _certificate.SubjectName.EnumerateRelativeDistinguishedNames().First(static name => name.GetSingleElementType().Value == "2.5.4.10").GetSingleElementValue()!;

    /// <summary>When another connection should take this one's place.</summary>
    public DateTimeOffset RenewAt { get; }

    /// <summary>End of its certificate.</summary>
    public DateTimeOffset ExpiresAt => _certificate.NotAfter.ToUniversalTime();

    /// <summary>Completes, never failing, when the connection has ended or the service refuses the API key.</summary>
    public Task Lost { get; }

    /// <summary>
    /// Makes a key pair, gets a certificate and a token for it and connects, to each silo offered in turn. Throws <see cref="TidegateException"/>:
    /// <c>Unauthenticated</c> for a wrong, revoked or expired API key, <c>Unavailable</c> when no silo can be reached.
    /// </summary>
    public static async Task<DeveloperLink> ConnectAsync(DeveloperApi api, TidegateClientOptions options, CancellationToken cancellationToken)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // The service names the client; what the request says besides its key counts for nothing.
        var request = new CertificateRequest("CN=client", key, HashAlgorithmName.SHA256).CreateSigningRequest();
        var issued = await api.IssueCertificateAsync(request, cancellationToken);
        using var bare = X509Certificate2.CreateFromPem(issued.CertificatePem);
        var certificate = bare.CopyWithPrivateKey(key);
        try
        {
            var roots = new X509Certificate2Collection();
            roots.ImportFromPem(issued.CaPem);
            var clientId = LinkClientId.OfKeyPair(certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false), certificate.PublicKey);
            var reply = await api.IssueTokenAsync(issued.CertificatePem, clientId, cancellationToken);
            TidegateException? unreachable = null;
            foreach (var endpoint in reply.Endpoints)
            {
                var client = new LinkClient(OptionsOf(options, roots, certificate), clientId);
                try
                {
                    await client.ConnectAsync(reply, endpoint, cancellationToken);
                    var now = options.TimeProvider.GetUtcNow();
                    return new DeveloperLink(api, certificate, client, now + ((issued.ExpiresAt - now) / 2));
                }
                catch (Exception error)
                {
                    await client.DisposeAsync();
                    // Only a silo that could not be reached lets the next one have its turn.
                    if (error is not TidegateException { IsTransient: true } failed) throw;
                    unreachable ??= failed;
                }
            }

            throw unreachable ?? new TidegateException(ErrorCodes.Unavailable, $"{options.Service.Authority} offers no silo to connect to.", "Try again.");
        }
        catch
        {
            certificate.Dispose();
            throw;
        }
    }

    /// <summary>Holds the connection open for a call; false when it is over or has been replaced.</summary>
    public bool TryLease()
    {
        lock (_gate)
        {
            if (_isRetired || Lost.IsCompleted) return false;
            _leases++;
            return true;
        }
    }

    /// <summary>Ends a lease.</summary>
    public void Release()
    {
        lock (_gate)
        {
            if (--_leases == 0 && _isRetired) _idle.TrySetResult();
        }
    }

    /// <summary>Takes no more calls, and closes when those under way have ended, or at <see cref="ExpiresAt"/>.</summary>
    public async Task RetireAsync(TimeProvider time, CancellationToken now)
    {
        lock (_gate)
        {
            _isRetired = true;
            if (_leases == 0) _idle.TrySetResult();
        }

        var left = ExpiresAt - time.GetUtcNow();
        await _idle.Task.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, now).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _stopping.CancelAsync();
        await _renewal.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _client.DisposeAsync();
        _stopping.Dispose();
        _certificate.Dispose();
    }

    private static GrainLinkOptions OptionsOf(TidegateClientOptions options, X509Certificate2Collection roots, X509Certificate2 certificate) => new()
    {
        Addresses = new DiscoveryAddresses(options.Service),
        CaCertificates = roots,
        ClientCertificate = certificate,
        AgentVersion = "",
        TimeProvider = options.TimeProvider,
        LoggerFactory = options.LoggerFactory,
        Proxy = options.Proxy,
        ConnectTimeout = options.ConnectTimeout,
        ResponseTimeout = options.CallTimeout,
    };
}
