using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using Tidegate.Client.Grain;
using Tidegate.Silo.Pki;
using Xunit;

namespace Tidegate.Tests.Unit.Pki;

/// <summary>The CAs of a state directory: made once, never replaced silently, and rolled over with both trusted in between (M3.5).</summary>
public sealed class CaStoreTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tidegate-ca-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_missing_certificate_is_written_from_the_manifest_and_never_made_anew()
    {
        var made = Open();
        File.Delete(Path.Combine(_directory, CaStore.CertificateFile));
        Assert.Equal(made, Open());
        Assert.Equal(made, ThumbprintOf(File.ReadAllText(Path.Combine(_directory, CaStore.CertificateFile))));
        // From before there was a manifest.
        File.Delete(Path.Combine(_directory, CaStore.ManifestFile));
        Assert.Equal(made, Open());
        File.Delete(Path.Combine(_directory, CaStore.ManifestFile));
        File.Delete(Path.Combine(_directory, CaStore.CertificateFile));
        Assert.Contains("Restore", Assert.Throws<CaException>(() => Open()).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_directory, CaStore.CertificateFile)));
    }

    [Fact]
    public void A_missing_key_and_one_of_another_CA_are_refused()
    {
        Open();
        var (key, kept) = (Path.Combine(_directory, CaStore.FirstKey), Path.Combine(_directory, "kept"));
        File.Move(key, kept);
        Assert.Contains("missing", Assert.Throws<CaException>(() => Open()).Message, StringComparison.Ordinal);
        using (var other = ECDsa.Create(ECCurve.NamedCurves.nistP256)) File.WriteAllText(key, other.ExportPkcs8PrivateKeyPem());
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Contains("not that of the current CA", Assert.Throws<CaException>(() => Open()).Message, StringComparison.Ordinal);
        File.Move(kept, key, overwrite: true);
        Open();
        File.WriteAllText(Path.Combine(_directory, CaStore.ManifestFile), "{\"authorities\":[]}");
        Assert.Contains("damaged", Assert.Throws<CaException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_the_state_says_that_there_was_a_CA_none_is_made()
    {
        var refused = Assert.Throws<CaException>(() => CaStore.Open(_directory, _time, mayMake: () => CaUse.RefuseToReplace(true, _directory)));
        Assert.Contains("ca create", refused.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_directory, CaStore.FirstKey)));
        CaStore.Open(_directory, _time, mayMake: () => CaUse.RefuseToReplace(false, _directory)).Dispose();
    }

    [Fact]
    public void Rolled_over_what_the_old_CA_issued_is_trusted_until_it_is_retired_and_another_process_follows()
    {
        using var store = CaStore.Open(_directory, _time);
        using var other = CaStore.Open(_directory, _time);
        var authority = new CertificateAuthority(store, _time);
        var follower = new CertificateAuthority(other, _time);
        var first = store.Manifest.Current.Thumbprint;
        using var old = authority.IssueServerCertificate([]);
        Assert.Throws<CaException>(() => store.Activate());

        var next = store.Stage();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_directory, next.Key)));
        Assert.Throws<CaException>(() => store.Stage());
        Assert.Equal(first, store.Manifest.Current.Thumbprint);
        Assert.True(other.Reload());
        Assert.False(other.Reload());
        Assert.Equal(2, follower.Roots.Count);

        Assert.Equal(next.Thumbprint, store.Activate().Thumbprint);
        other.Reload();
        using var fresh = follower.IssueServerCertificate([]);
        Assert.Equal(follower.Certificate.Subject, fresh.Issuer);
        Assert.NotEqual(old.Issuer, fresh.Issuer);
        Assert.True(Serves(old, authority) && Serves(fresh, authority));
        Assert.Equal(next.Thumbprint, ThumbprintOf(File.ReadAllText(Path.Combine(_directory, CaStore.CertificateFile))));

        Assert.Throws<CaException>(() => store.Retire(next.Thumbprint));
        Assert.Throws<CaException>(() => store.Retire("zz"));
        store.Retire(first[..12]);
        Assert.False(Serves(old, authority));
        Assert.True(Serves(fresh, authority));
        Assert.Equal(next.Thumbprint, Open());
    }

    [Fact]
    public void A_servers_certificate_is_issued_anew_by_another_CA_and_at_two_thirds_of_its_life()
    {
        using var store = CaStore.Open(_directory, _time);
        var authority = new CertificateAuthority(store, _time);
        var server = new ServerCertificate(authority, _time, () => authority.IssueServerCertificate([]));
        var first = server.Certificate.Thumbprint;
        _time.Advance(TimeSpan.FromDays(397 * 0.6));
        Assert.Equal(first, server.Certificate.Thumbprint);
        _time.Advance(TimeSpan.FromDays(397 * 0.07));
        var second = server.Certificate;
        Assert.NotEqual(first, second.Thumbprint);
        store.Stage();
        Assert.Equal(second.Thumbprint, server.Certificate.Thumbprint);
        store.Activate();
        Assert.NotEqual(second.Issuer, server.Certificate.Issuer);
        // A key that is away keeps nobody from what there is.
        var third = server.Certificate.Thumbprint;
        File.Delete(Path.Combine(_directory, store.Manifest.Current.Key));
        _time.Advance(TimeSpan.FromDays(300));
        Assert.Equal(third, server.Certificate.Thumbprint);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private bool Serves(X509Certificate2 certificate, CertificateAuthority authority) => CertificateTrust.IsTrusted(certificate, authority.Roots, CertificateTrust.ServerUsage, _time);

    private string Open()
    {
        using var store = CaStore.Open(_directory, _time);
        return store.Manifest.Current.Thumbprint;
    }

    private static string ThumbprintOf(string pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem);
        return Convert.ToHexStringLower(certificate.GetCertHash(HashAlgorithmName.SHA256));
    }
}
