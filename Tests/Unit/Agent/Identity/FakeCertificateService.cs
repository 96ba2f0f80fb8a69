using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.GatewayAgent.Identity;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Tests.Unit.Agent.Identity;

/// <summary>A certificate authority that answers as the service does: the same key gets the same certificate. Without a signer it is away.</summary>
internal sealed class FakeCertificateService(Func<CertificateRequest, X509Certificate2>? sign = null) : ICertificateService
{
    private readonly Dictionary<string, string> _issued = [];

    /// <summary>Thrown, once each, after the certificate was issued: the answer is lost.</summary>
    public Queue<Exception> Lost { get; } = new();

    /// <summary>Thrown, once each, before anything is issued.</summary>
    public Queue<Exception> Failures { get; } = new();

    /// <summary>Thumbprints of the certificates that the requests came with.</summary>
    public List<string> Asked { get; } = [];

    /// <summary>Different certificates.</summary>
    public int Issued => _issued.Count;

    public Task<string> RenewAsync(GatewayCredential credential, byte[] certificateRequest, CancellationToken cancellationToken)
    {
        Asked.Add(credential.Thumbprint);
        if (Failures.TryDequeue(out var failure)) throw failure;
        if (sign is null) throw new TidegateException(ErrorCodes.Unavailable, "nobody renews here");
        var request = CertificateRequest.LoadSigningRequest(certificateRequest, HashAlgorithmName.SHA256);
        var key = Convert.ToHexString(request.PublicKey.ExportSubjectPublicKeyInfo());
        if (!_issued.TryGetValue(key, out var pem))
        {
            using var certificate = sign(request);
            _issued[key] = pem = certificate.ExportCertificatePem();
        }

        return Lost.TryDequeue(out var lost) ? throw lost : Task.FromResult(pem);
    }
}
