using System.Security.Cryptography;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Client.Audit;

/// <summary>Public keys of the audit's checkpoints, in PEM: one, or several after a change of the key.</summary>
public static class AuditKeys
{
    /// <summary>The keys in the text, as SubjectPublicKeyInfo. Throws <c>InvalidArgument</c> when there are none, or something else.</summary>
    public static IReadOnlyList<byte[]> ReadPem(string text)
    {
        var keys = new List<byte[]>();
        try
        {
            foreach (var (pem, label) in Blocks(text))
            {
                if (label != "PUBLIC KEY") throw new CryptographicException($"it holds a {label}");
                using var key = ECDsa.Create();
                key.ImportFromPem(pem);
                keys.Add(key.ExportSubjectPublicKeyInfo());
            }
        }
        catch (Exception unreadable) when (unreadable is CryptographicException or ArgumentException)
        {
            throw NoKey(unreadable.Message);
        }

        return keys.Count > 0 ? keys : throw NoKey("it holds none");
    }

    private static IEnumerable<(string Pem, string Label)> Blocks(string text)
    {
        for (var rest = text; PemEncoding.TryFind(rest, out var found); rest = rest[found.Location.End..])
            yield return (rest[found.Location], rest[found.Label]);
    }

    private static TidegateException NoKey(string why) => new(
        ErrorCodes.InvalidArgument, $"The file is not one of public keys in PEM: {why}.", "Use audit-public.pem of the service's state directory, or what `tidegate audit key` prints.");
}
