using System.Text;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Identity;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.Identity;

public sealed class IdentityStoreTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string _folder = Directory.CreateTempSubdirectory("tidegate-identity-").FullName;

    private string KeyPath => Path.Combine(_folder, IdentityStore.KeyFile);

    [Fact]
    public void The_key_is_made_once_and_is_its_owners_alone()
    {
        using var first = IdentityStore.Open(_folder).LoadOrCreateKey();
        using var second = IdentityStore.Open(_folder).LoadOrCreateKey();
        Assert.Equal(first.ExportSubjectPublicKeyInfo(), second.ExportSubjectPublicKeyInfo());
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(KeyPath));
        Assert.Equal(256, first.KeySize);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    public void A_key_that_others_may_use_is_refused_with_what_to_do(UnixFileMode more)
    {
        IdentityStore.Open(_folder).LoadOrCreateKey().Dispose();
        File.SetUnixFileMode(KeyPath, OwnerOnly | more);
        var error = Assert.Throws<IdentityException>(() => IdentityStore.Open(_folder));
        Assert.Contains(KeyPath, error.Message, StringComparison.Ordinal);
        Assert.Contains("chmod 600", error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_is_a_link_is_refused()
    {
        var elsewhere = Path.Combine(_folder, "elsewhere");
        File.WriteAllText(elsewhere, "x");
        File.CreateSymbolicLink(KeyPath, elsewhere);
        Assert.Throws<IdentityException>(() => IdentityStore.Open(_folder));
    }

    [Theory]
    [InlineData(IdentityStore.KeyFile, "")]
    [InlineData(IdentityStore.KeyFile, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")]
    [InlineData(IdentityStore.CertificateFile, "garbage")]
    [InlineData(IdentityStore.ActivationFile, "{\"stage\":\"adverti")]
    [InlineData(IdentityStore.ActivationFile, "{}")]
    [InlineData(IdentityStore.CustomerFile, "null")]
    public void A_damaged_file_is_an_error_that_names_it_and_loses_nothing(string name, string content)
    {
        var store = IdentityStore.Open(_folder);
        store.LoadOrCreateKey().Dispose();
        store.SaveCustomer(new CustomerInformation("123456789012", "gw-0123456789abcdef0123", "site", "UTC"));
        File.WriteAllText(Path.Combine(_folder, IdentityStore.AuthorityFile), "x");
        if (name != IdentityStore.ActivationFile) File.WriteAllText(Path.Combine(_folder, IdentityStore.CertificateFile), "x");
        File.WriteAllText(Path.Combine(_folder, name), content);
        var before = Snapshot();
        var error = Assert.Throws<IdentityException>(() =>
        {
            if (name == IdentityStore.ActivationFile) store.LoadActivation();
            else if (name == IdentityStore.CustomerFile) store.LoadCustomer();
            else store.LoadCredential();
        });
        Assert.NotEmpty(error.NextStep);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Equal(before, Snapshot());
    }

    [Fact]
    public void A_lost_key_of_an_activated_agent_is_not_replaced()
    {
        File.WriteAllText(Path.Combine(_folder, IdentityStore.CertificateFile), "x");
        Assert.Contains("missing", Assert.Throws<IdentityException>(() => IdentityStore.Open(_folder).LoadOrCreateKey()).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(KeyPath));
    }

    [Fact]
    public void A_certificate_for_another_key_is_not_stored()
    {
        var store = new IdentityStore(new LinuxDisk(_folder));
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=x", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        using var foreign = request.CreateSelfSigned(TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow().AddHours(1));
        Assert.Throws<IdentityException>(() => store.SaveCredential(foreign.ExportCertificatePem(), foreign.ExportCertificatePem()));
        Assert.False(store.IsActivated);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Snapshot()
    {
        var all = new StringBuilder();
        foreach (var file in Directory.GetFiles(_folder).Order(StringComparer.Ordinal)) all.Append(file).Append(Convert.ToBase64String(File.ReadAllBytes(file)));
        return all.ToString();
    }
}
