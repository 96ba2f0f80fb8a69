using System.Security.Cryptography;
using System.Text;

namespace Tidegate.GatewayAgent.Identity;

// Renewal: the next key, the next credential, and the moment from which it is the one in use. Each step is one file that appears or is renamed.
internal sealed partial class IdentityStore
{
    /// <summary>Key and certificate of the last renewal that came into use; takes the place of what activation brought.</summary>
    public const string CredentialFile = "credential.pem";
    /// <summary>Key and certificate of a renewal that no link was opened with yet.</summary>
    public const string RenewedFile = "renewed.pem";
    /// <summary>Key of a renewal that is under way.</summary>
    public const string RenewalKeyFile = "renewal-key.pem";

    /// <summary>The key that the next certificate is asked for with; made and stored on first use, the same until that certificate is in use or was refused.</summary>
    public ECDsa LoadOrCreateRenewalKey() => Read(RenewalKeyFile) is { } stored ? ParseKey(RenewalKeyFile, stored) : MakeKey(RenewalKeyFile);

    /// <summary>
    /// Stores the renewal's certificate with its key, durably, and returns the credential. Throws <see cref="IdentityException"/> when it is not for that key, and
    /// then stores nothing.
    /// </summary>
    public GatewayCredential SaveRenewed(string certificatePem)
    {
        using var key = LoadOrCreateRenewalKey();
        using (ParseCertificate(RenewedFile, certificatePem, key))
        {
            AtomicFile.Replace(disk, RenewedFile, Encoding.ASCII.GetBytes($"{certificatePem.Trim()}\n{key.ExportPkcs8PrivateKeyPem()}\n"));
        }
        AtomicFile.Remove(disk, RenewalKeyFile);
        return ReadWhole(RenewedFile);
    }

    /// <summary>The credential of a renewal that is stored and not yet in use; null when there is none.</summary>
    public GatewayCredential? ReadRenewed() => disk.Exists(RenewedFile) ? ReadWhole(RenewedFile) : null;

    /// <summary>A link is open with the renewed credential: from now on it is the only one.</summary>
    public void KeepRenewed()
    {
        disk.Rename(RenewedFile, CredentialFile);
        disk.SyncDirectory();
        RemoveReplaced();
    }

    /// <summary>Stores the service's CAs in place of those that were trusted before.</summary>
    public void SaveAuthorities(string authoritiesPem) => AtomicFile.Replace(disk, AuthorityFile, Encoding.ASCII.GetBytes(authoritiesPem));

    /// <summary>The service does not take the renewed credential; the one in use stays, and the next renewal begins with a new key.</summary>
    public void DropRenewed()
    {
        AtomicFile.Remove(disk, RenewalKeyFile);
        AtomicFile.Remove(disk, RenewedFile);
    }

    /// <summary>Removes what a crash in the middle of a renewal left behind a later step.</summary>
    private void FinishRenewal()
    {
        if (disk.Exists(RenewedFile)) AtomicFile.Remove(disk, RenewalKeyFile);
        else if (disk.Exists(CredentialFile)) RemoveReplaced();
    }

    private void RemoveReplaced()
    {
        AtomicFile.Remove(disk, KeyFile);
        AtomicFile.Remove(disk, CertificateFile);
    }

    private GatewayCredential ReadWhole(string file)
    {
        var stored = Read(file)!;
        var pem = Encoding.ASCII.GetString(stored);
        var (customer, authorityPem) = ReadOwner();
        using var key = ParseKey(file, stored);
        return new GatewayCredential(customer, ParseCertificate(file, pem, key), ParseAuthorities(authorityPem));
    }
}
