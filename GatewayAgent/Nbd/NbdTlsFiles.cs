namespace Tidegate.GatewayAgent.Nbd;

/// <summary>The PEM files that TLS is set up from (docs/protocols/nbd.md, TLS).</summary>
/// <param name="CertificateFile">The server's certificate, with the intermediate ones behind it.</param>
/// <param name="KeyFile">Its private key, not encrypted, its owner's alone.</param>
/// <param name="ClientCaFile">CAs of the clients' certificates; null lets clients in without one.</param>
/// <param name="ClientRevocationFile">Lists of what those CAs have revoked; null looks at none.</param>
internal sealed record NbdTlsFiles(string CertificateFile, string KeyFile, string? ClientCaFile, string? ClientRevocationFile = null)
{
    /// <summary>Changes whenever one of the files does.</summary>
    public string Stamp => string.Join('|', new[] { CertificateFile, KeyFile, ClientCaFile, ClientRevocationFile }.OfType<string>().Select(Of));

    private static string Of(string file) => new FileInfo(file) is { Exists: true } info ? $"{info.LastWriteTimeUtc.Ticks}:{info.Length}" : "gone";
}
