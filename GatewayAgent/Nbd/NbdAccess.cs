using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>
/// Which clients may use which export, by their certificates (docs/protocols/nbd.md, Access). Keys are names of exports, <see cref="Others"/> for
/// those that have none of their own; values are names (common name, or a DNS name of the certificate) or <c>sha256:</c> and the certificate's hash.
/// </summary>
internal sealed class NbdAccess(IReadOnlyDictionary<string, IReadOnlyList<string>> clientsOf)
{
    /// <summary>Key for the exports that are not named.</summary>
    public const string Others = "*";

    /// <summary>Before the hash of a certificate.</summary>
    public const string HashPrefix = "sha256:";

    private const char SnapshotMark = '@';

    /// <summary>True when the client may use the export. A snapshot's export goes by its volume's.</summary>
    public bool Allows(string export, X509Certificate2? client) => client is not null && ClientsOf(export).Any(allowed => Is(client, allowed));

    private IReadOnlyList<string> ClientsOf(string export)
    {
        if (clientsOf.TryGetValue(export, out var clients)) return clients;
        if (export.LastIndexOf(SnapshotMark) is var mark and > 0 && clientsOf.TryGetValue(export[..mark], out clients)) return clients;
        return clientsOf.GetValueOrDefault(Others) ?? [];
    }

    private static bool Is(X509Certificate2 client, string allowed)
    {
        if (allowed.StartsWith(HashPrefix, StringComparison.OrdinalIgnoreCase))
            return string.Equals(client.GetCertHashString(HashAlgorithmName.SHA256), allowed[HashPrefix.Length..], StringComparison.OrdinalIgnoreCase);
        return client.GetNameInfo(X509NameType.SimpleName, forIssuer: false) == allowed
            || client.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(static names => names.EnumerateDnsNames())
                .Any(name => string.Equals(name, allowed, StringComparison.OrdinalIgnoreCase));
    }
}
