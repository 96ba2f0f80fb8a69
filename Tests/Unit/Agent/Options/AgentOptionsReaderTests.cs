using Tidegate.GatewayAgent.Options;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.Options;

public sealed class AgentOptionsReaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidegate-options-").FullName;

    [Fact]
    public void Every_fault_is_named_at_once()
    {
        var error = Assert.Throws<AgentOptionsException>(() => AgentOptionsReader.Read(
            Given(("Service", "http://plain"), ("Nbd", "nowhere"), ("Local", "8810"), ("StopGraceSeconds", "0"), ("AbsentWaitSeconds", "3601"), ("FillsAtOnce", "65"), ("Console", "x")), Path.Combine(_folder, "none.json")));
        Assert.Equal(10, error.Faults.Count);
        foreach (var word in new[] { "none.json", "State", "Ca", "http://plain", "nowhere", "8810", "StopGraceSeconds", "AbsentWaitSeconds", "FillsAtOnce", "Console" })
            Assert.Contains(error.Faults, f => f.Contains(word, StringComparison.Ordinal));
    }

    [Fact]
    public void The_command_line_wins_over_the_file()
    {
        var file = File("{ \"state\": \"/from-file\", \"nbd\": \"127.0.0.1:1\" }");
        var options = AgentOptionsReader.Read(Given(("Service", "https://service:8443"), ("Ca", Ca()), ("State", "/from-line"), ("Nbd", null)), file);
        Assert.Equal("/from-line", options.StateDirectory);
        Assert.Equal("127.0.0.1:1", Assert.Single(options.Nbd).ToString());
        Assert.Null(options.Console);
        Assert.Equal((TimeSpan.FromSeconds(60), 4), (options.StopGrace, options.FillsAtOnce));
    }

    [Theory]
    [InlineData("{ \"statee\": \"/x\" }", "statee")]
    [InlineData("[]", "no JSON object")]
    [InlineData("{ \"state\": ", "cannot be read")]
    public void A_wrong_file_is_a_fault_not_a_default(string content, string word)
    {
        var error = Assert.Throws<AgentOptionsException>(() => AgentOptionsReader.Read(Given(("Service", "https://s"), ("Ca", Ca()), ("State", "/x")), File(content)));
        Assert.Contains(word, Assert.Single(error.Faults), StringComparison.Ordinal);
    }

    [Fact]
    public void A_ca_file_without_certificates_is_a_fault()
    {
        var error = Assert.Throws<AgentOptionsException>(() => AgentOptionsReader.Read(Given(("Service", "https://s"), ("Ca", File("nothing")), ("State", "/x")), null));
        Assert.Contains("no certificate", Assert.Single(error.Faults), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"unix:/run/a.sock;127.0.0.1:1\"")]
    [InlineData("[\"unix:/run/a.sock\", \"127.0.0.1:1\"]")]
    public void Nbd_is_served_at_several_addresses(string value)
    {
        var given = Given(("Service", "https://s"), ("Ca", Ca()), ("State", "/x"));
        Assert.Equal(["unix:/run/a.sock", "127.0.0.1:1"], AgentOptionsReader.Read(given, File($"{{ \"nbd\": {value} }}")).Nbd.Select(a => a.ToString()));
        Assert.Equal(["[::1]:2"], AgentOptionsReader.Read(given.Append(KeyValuePair.Create("Nbd", (string?)"[::1]:2")), File($"{{ \"nbd\": {value} }}")).Nbd.Select(a => a.ToString()));
    }

    [Fact]
    public void Snapshot_hooks_are_read_for_the_agent_and_for_single_volumes()
    {
        var file = File("""
            { "snapshotHooks": { "Freeze": ["/bin/freeze", "a b", "c"], "Thaw": ["/bin/thaw"], "FreezeSeconds": 9, "ThawSeconds": 6,
              "Volumes": { "mail": { "Freeze": ["/bin/f"], "Thaw": ["/bin/t"], "OnFreezeFailure": "go-on" } } } }
            """);
        var hooks = AgentOptionsReader.Read(Given(("Service", "https://s"), ("Ca", Ca()), ("State", "/x")), file).Hooks;
        Assert.Equal(["/bin/freeze", "a b", "c"], hooks.For("data")!.Freeze);
        Assert.Equal((TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(6), true), (hooks.Agent!.FreezeLimit, hooks.Agent.ThawLimit, hooks.Agent.FailsSnapshot));
        Assert.Equal(("/bin/t", false, TimeSpan.FromSeconds(5)), (hooks.For("mail")!.Thaw[0], hooks.For("mail")!.FailsSnapshot, hooks.For("mail")!.FreezeLimit));
    }

    [Fact]
    public void Every_fault_of_snapshot_hooks_is_named_at_once()
    {
        var file = File("""
            { "snapshotHooks": { "Freeze": ["freeze.sh"], "FreezeSeconds": 20, "OnFreezeFailure": "perhaps",
              "Volumes": { "mail": { "Freeze": ["/bin/f"], "Thaw": ["/bin/t"], "FreezeSeconds": 10, "ThawSeconds": 6, "Shell": "sh" } } } }
            """);
        var error = Assert.Throws<AgentOptionsException>(() => AgentOptionsReader.Read(Given(("Service", "https://s"), ("Ca", Ca()), ("State", "/x")), file));
        Assert.Equal(6, error.Faults.Count);
        foreach (var word in new[] { "no absolute path", "Thaw is missing", "'20'", "'perhaps'", "15 together", "Shell" })
            Assert.Contains(error.Faults, fault => fault.Contains(word, StringComparison.Ordinal));
    }

    [Fact]
    public void An_address_gets_the_mode_of_tls_that_befits_it()
    {
        using var pki = new Kit.Nbd.NbdPki(Path.Combine(_folder, "pki"), TimeProvider.System);
        var given = Given(
            ("Service", "https://s"), ("Ca", Ca()), ("State", "/x"), ("Nbd", "unix:/run/a.sock;127.0.0.1:1;192.0.2.1:1;192.0.2.1:2,tls=off"),
            ("NbdCertificate", pki.Files.CertificateFile), ("NbdKey", pki.Files.KeyFile), ("NbdClientCa", pki.Files.ClientCaFile));
        var options = AgentOptionsReader.Read(given, null);
        Assert.Equal(["unix:/run/a.sock", "127.0.0.1:1,tls=allowed", "192.0.2.1:1,tls=required", "192.0.2.1:2,tls=off"], options.Nbd.Select(a => a.ToString()));
        Assert.Equal(pki.Files, options.NbdTls);
    }

    [Fact]
    public void Every_fault_of_tls_is_named_at_once()
    {
        var error = Assert.Throws<AgentOptionsException>(() => AgentOptionsReader.Read(
            Given(("Service", "https://s"), ("Ca", Ca()), ("State", "/x"), ("Nbd", "192.0.2.1:1;127.0.0.1:1,tls=required")), null));
        Assert.Equal(2, error.Faults.Count);
        error = Assert.Throws<AgentOptionsException>(() => AgentOptionsReader.Read(
            Given(("Service", "https://s"), ("Ca", Ca()), ("State", "/x"), ("NbdCertificate", "/none/c"), ("NbdKey", "/none/k"), ("NbdClientCa", "/none/a")), null));
        foreach (var word in new[] { "/none/c", "/none/a" })
            Assert.Contains(error.Faults, f => f.Contains(word, StringComparison.Ordinal));
    }

    [Fact]
    public void An_access_list_needs_certificates_from_everybody_who_is_no_file()
    {
        using var pki = new Kit.Nbd.NbdPki(Path.Combine(_folder, "pki"), TimeProvider.System);
        IEnumerable<KeyValuePair<string, string?>> with(string addresses) => Given(
            ("Service", "https://s"), ("Ca", Ca()), ("State", "/x"), ("Nbd", addresses),
            ("NbdCertificate", pki.Files.CertificateFile), ("NbdKey", pki.Files.KeyFile), ("NbdClientCa", pki.Files.ClientCaFile), ("NbdClientRevocations", pki.Revoke("client")));
        var file = File("{ \"nbdAccess\": { \"data\": [\"db1\"], \"*\": [\"backup\"] } }");
        var options = AgentOptionsReader.Read(with("unix:/run/a.sock;127.0.0.1:1,tls=required"), file);
        using var client = pki.Load("client");
        Assert.False(options.NbdAccess!.Allows("data", client));
        Assert.NotNull(options.NbdTls!.ClientRevocationFile);

        Assert.Contains("127.0.0.1:1", Assert.Single(Assert.Throws<AgentOptionsException>(() => AgentOptionsReader.Read(with("127.0.0.1:1"), file)).Faults), StringComparison.Ordinal);
        var faults = Assert.Throws<AgentOptionsException>(() => AgentOptionsReader.Read(
            with("127.0.0.1:1,tls=required"), File("{ \"nbdAccess\": { \"data\": \"db1\", \"logs\": [\"sha256:12\"] } }"))).Faults;
        Assert.Equal(2, faults.Count);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static IEnumerable<KeyValuePair<string, string?>> Given(params (string Name, string? Value)[] values) => values.Select(v => KeyValuePair.Create(v.Name, v.Value));

    private string File(string content)
    {
        var file = Path.Combine(_folder, "agent.json");
        System.IO.File.WriteAllText(file, content);
        return file;
    }

    private string Ca()
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=x", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow().AddHours(1));
        var file = Path.Combine(_folder, "ca.pem");
        System.IO.File.WriteAllText(file, certificate.ExportCertificatePem());
        return file;
    }
}
