namespace Tidegate.Client.Developers;

/// <summary>Paths that developers' clients and the API agree on (<c>docs/protocols/link.md</c>, Developers' clients).</summary>
public static class DeveloperWire
{
    /// <summary>Path for a certificate.</summary>
    public const string CertificatePath = "/v1/link/certificates";

    /// <summary>Path for a token, and where to connect to.</summary>
    public const string TokenPath = "/v1/link/tokens";
}
