using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.GatewayAgent.Nbd;

namespace Tidegate.Tests.Kit.Nbd;

/// <summary>Certificates for NBD by TLS in files, as the server and as real clients read them (ca-cert.pem, client-cert.pem, client-key.pem).</summary>
internal sealed class NbdPki : IDisposable
{
    private const string Server = "1.3.6.1.5.5.7.3.1";
    private const string Client = "1.3.6.1.5.5.7.3.2";
    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly ECDsa _caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _ca;

    public NbdPki(string folder, TimeProvider time, string name = "test")
    {
        (_folder, _time) = (Directory.CreateDirectory(folder).FullName, time);
        var request = new CertificateRequest($"CN={name} CA", _caKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _ca = request.CreateSelfSigned(_time.GetUtcNow().AddDays(-2), _time.GetUtcNow().AddDays(2));
        File.WriteAllText(CaFile, _ca.ExportCertificatePem());
        Issue("server", Server);
        Issue("client", Client);
    }

    public string CaFile => Path.Combine(_folder, "ca-cert.pem");

    /// <summary>What a server reads; clients need a certificate.</summary>
    public NbdTlsFiles Files => new(CertificateFile("server"), KeyFile("server"), CaFile);

    public string CertificateFile(string name) => Path.Combine(_folder, $"{name}-cert.pem");

    public string KeyFile(string name) => Path.Combine(_folder, $"{name}-key.pem");

    /// <summary>Writes a certificate for this machine and its key, over those that are there.</summary>
    public void Issue(string name, string purpose, int daysLeft = 1)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, false));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        var serial = RandomNumberGenerator.GetBytes(8);
        serial[0] &= 0x7f;
        using var certificate = request.Create(_ca, _time.GetUtcNow().AddDays(-1.5), _time.GetUtcNow().AddDays(daysLeft), serial);
        File.WriteAllText(CertificateFile(name), certificate.ExportCertificatePem());
        File.WriteAllText(KeyFile(name), key.ExportPkcs8PrivateKeyPem());
        File.SetUnixFileMode(KeyFile(name), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Writes the CA's list of revoked certificates; returns its file.</summary>
    public string Revoke(params string[] names)
    {
        var list = new CertificateRevocationListBuilder();
        foreach (var name in names)
        {
            using var certificate = X509CertificateLoader.LoadCertificateFromFile(CertificateFile(name));
            list.AddEntry(certificate, _time.GetUtcNow());
        }
        var file = Path.Combine(_folder, "revoked.pem");
        File.WriteAllText(file, PemEncoding.WriteString("X509 CRL", list.Build(_ca, 1, _time.GetUtcNow().AddDays(1), HashAlgorithmName.SHA256)));
        return file;
    }

    public void IssueClient(string name, int daysLeft = 1) => Issue(name, Client, daysLeft);

    public void IssueServer(string name, int daysLeft = 1) => Issue(name, Server, daysLeft);

    /// <summary>A certificate with its key, for a client in this process.</summary>
    public X509Certificate2 Load(string name) => X509Certificate2.CreateFromPemFile(CertificateFile(name), KeyFile(name));

    public void Dispose()
    {
        _ca.Dispose();
        _caKey.Dispose();
    }
}
