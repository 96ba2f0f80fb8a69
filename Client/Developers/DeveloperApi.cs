using Tidegate.Client.Grain.Agents;
using Tidegate.Client.Proxies;
using Tidegate.Client.Rest;

namespace Tidegate.Client.Developers;

/// <summary>The two HTTPS calls that lead onto the link (<c>docs/protocols/link.md</c>, Developers' clients). Errors are those of the REST API.</summary>
internal sealed class DeveloperApi(TidegateClientOptions options) : IDisposable
{
    private static readonly string _version = typeof(DeveloperApi).Assembly.GetName().Version?.ToString(3) ?? "0";

    private readonly RestTransport _rest = new(
        options.ToRest(), new Dialler(options.Proxy, Dialler.Within(options.ConnectTimeout), options.TimeProvider).AttachTo(PinnedTrust.CreateHandler(options.CaFile)), options.TimeProvider);

    /// <summary>A certificate for the key pair of the request.</summary>
    public Task<DeveloperCertificateReply> IssueCertificateAsync(byte[] certificateRequest, CancellationToken cancellationToken) => _rest.SendAsync(
        new RestCall(HttpMethod.Post, DeveloperWire.CertificatePath, IsRepeatable: true), new DeveloperCertificateRequest(certificateRequest),
        DeveloperJson.Default.DeveloperCertificateRequest, DeveloperJson.Default.DeveloperCertificateReply, cancellationToken);

    /// <summary>A token for the certificate, and where to connect.</summary>
    public Task<LinkDiscoveryReply> IssueTokenAsync(string certificatePem, string clientId, CancellationToken cancellationToken) => _rest.SendAsync(
        new RestCall(HttpMethod.Post, DeveloperWire.TokenPath, IsRepeatable: true), new DeveloperTokenRequest(certificatePem, clientId, LinkWire.Version, _version),
        DeveloperJson.Default.DeveloperTokenRequest, DeveloperJson.Default.LinkDiscoveryReply, cancellationToken);

    public void Dispose() => _rest.Dispose();
}
