namespace Tidegate.Silo.Link;

/// <summary>Which certificates are revoked, as this silo knows it (M3.8).</summary>
public interface IRevokedCertificates
{
    /// <summary>True when calls with this certificate are refused from now on.</summary>
    bool IsRevoked(string thumbprint);
}
