using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Identity;

namespace Tidegate.Tests.Unit.Agent.Identity;

/// <summary>An activated agent's identity on a disk, and the CA that its certificates are of.</summary>
internal sealed class TestIdentity : IDisposable
{
    public static readonly TimeSpan Life = TimeSpan.FromDays(90);

    private readonly TimeProvider _time;
    private readonly ECDsa _authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority;
    private byte _serial;

    public TestIdentity(IDisk disk, TimeProvider time)
    {
        _time = time;
        var request = new CertificateRequest("CN=test CA", _authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _authority = request.CreateSelfSigned(time.GetUtcNow().AddDays(-1), time.GetUtcNow().AddYears(20));
        var store = new IdentityStore(disk);
        using var key = store.LoadOrCreateKey();
        store.SaveCustomer(new CustomerInformation("acc-1", "gw-1", "office", "Etc/UTC"));
        using var first = Sign(new CertificateRequest("CN=gw-1", key, HashAlgorithmName.SHA256));
        store.SaveCredential(first.ExportCertificatePem(), _authority.ExportCertificatePem());
        Service = new FakeCertificateService(Sign);
    }

    public FakeCertificateService Service { get; }

    /// <summary>A certificate for the request's key, good for <see cref="Life"/> from now.</summary>
    public X509Certificate2 Sign(CertificateRequest request) => request.Create(
        _authority.SubjectName, X509SignatureGenerator.CreateForECDsa(_authorityKey), _time.GetUtcNow(), _time.GetUtcNow() + Life, [++_serial]);

    public void Dispose()
    {
        _authority.Dispose();
        _authorityKey.Dispose();
    }
}
