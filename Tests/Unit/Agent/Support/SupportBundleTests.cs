using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.GatewayAgent.Support;
using Tidegate.Tests.Unit.Agent.Upgrade;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.Support;

public sealed class SupportBundleTests
{
    private const string ActivationKey = "00041-061050-R3GG-28A1C-60T3GF";
    private const string ShownKey = "7ZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZZ";

    [Theory]
    [InlineData("proxy http://user:hunter2@proxy:3128/ used", "proxy http://(redacted)@proxy:3128/ used")]
    [InlineData("PUT https://a.blob/x?sv=2024&sig=abc%2Bdef&se=1 failed", "PUT https://a.blob/x?sv=2024&sig=(redacted)&se=1 failed")]
    [InlineData("Authorization: Bearer eyJhbGciOi.abc", "Authorization: Bearer (redacted)")]
    [InlineData("{\"password\":\"hunter2\",\"n\":1}", "{\"password\":\"(redacted)\",\"n\":1}")]
    [InlineData("key " + ShownKey + " shown", "key (redacted) shown")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\nrest", "(redacted)\nrest")]
    public void What_lets_somebody_in_is_taken_out(string text, string expected) => Assert.Equal(expected, SecretRedactor.Redact(text));

    [Theory]
    [InlineData("Volume vol-8c7c80c5b39159a2174d of gw-2de271794db7b4f429f2 at nbd://127.0.0.1:10809/data")]
    [InlineData("SHA256:3f0a-key fingerprint, /var/lib/tidegate-agent/identity/key.pem, 2026-11-23T12:28:14.331Z")]
    public void What_helps_stays(string text) => Assert.Equal(text, SecretRedactor.Redact(text));

    [Fact]
    public void A_bundle_holds_what_helps_and_no_secret_of_the_agent()
    {
        using var state = new EarlierState();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = key.ExportPkcs8PrivateKeyPem();
        var identity = Directory.CreateDirectory(Path.Combine(state.Folder, "identity")).FullName;
        File.WriteAllText(Path.Combine(identity, "key.pem"), pem);
        File.WriteAllText(Path.Combine(identity, "activation.json"), $"{{\"activationKey\":\"{ShownKey}\"}}");
        var path = Path.Combine(state.Folder, "bundle.tar.gz");
        using (var bundle = SupportBundle.Create(path, TimeProvider.System))
        {
            bundle.AddMachine();
            bundle.AddJson("status.json", $"{{\"state\":\"activating\",\"activation\":{{\"activationKey\":\"{ActivationKey}\",\"keyFingerprint\":\"SHA256:x\"}}}}");
            bundle.AddDiagnostics(new DiagnosticsDocument(
                new Dictionary<string, string> { ["Proxy"] = "http://user:hunter2@proxy:3128" }, new Dictionary<string, double> { ["m"] = 1 },
                [$"the key {ShownKey} is shown", "PUT https://a.blob/x?sig=c2VjcmV0&se=1 failed", "Bearer c2VjcmV0dG9rZW4="]));
            bundle.AddStateDirectory(state.Folder);
        }
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        var files = Read(path);
        string[] secrets = [ActivationKey, ShownKey, "hunter2", "c2VjcmV0", .. pem.Split('\n').Where(static l => l.Length > 20 && !l.StartsWith('-'))];
        Assert.Equal(3, pem.Split('\n').Count(static l => l.Length > 20 && !l.StartsWith('-')));
        foreach (var (name, text) in files)
        {
            foreach (var secret in secrets)
                Assert.False(text.Contains(secret, StringComparison.Ordinal), $"{name} holds '{secret}'");
        }
        foreach (var name in new[] { "machine.json", "status.json", "settings.json", "metrics.json", "log.txt", "files.txt", "formats.json", "configuration.json" })
            Assert.Contains("tidegate-support/" + name, files.Keys);
        Assert.Contains("\"counter\": 3", files["tidegate-support/formats.json"], StringComparison.Ordinal);
        Assert.Contains("identity/key.pem", files["tidegate-support/files.txt"], StringComparison.Ordinal);
        Assert.Contains("SHA256:x", files["tidegate-support/status.json"], StringComparison.Ordinal);
        Assert.Throws<IOException>(() => SupportBundle.Create(path, TimeProvider.System));
    }

    [Fact]
    public void The_recent_log_is_bounded_and_without_secrets()
    {
        using var recent = new RecentLog(TimeProvider.System);
        var logger = recent.CreateLogger("C");
        for (var i = 0; i < RecentLog.Kept + 10; i++)
#pragma warning disable CA1848, CA2254, CA1873 // The log is what is tested.
            logger.LogInformation(i == 0 ? "first" : i == RecentLog.Kept + 9 ? $"at {ShownKey}" : new string('x', RecentLog.MaxLineChars * 2));
#pragma warning restore CA1848, CA2254, CA1873
        var lines = recent.Read();
        Assert.Equal(RecentLog.Kept, lines.Count);
        Assert.All(lines, static l => Assert.InRange(l.Length, 1, RecentLog.MaxLineChars));
        Assert.EndsWith("C[0] at (redacted)", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Counters_are_added_up()
    {
        using var ledger = new MetricsLedger();
        var before = ledger.Read().GetValueOrDefault("tidegate.agent.shadow.uploaded");
        GatewayAgent.Shadow.ShadowMetrics.UploadedBytes.Add(5);
        Assert.True(ledger.Read()["tidegate.agent.shadow.uploaded"] >= before + 5);
    }

    private static Dictionary<string, string> Read(string path)
    {
        using var gzip = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        using var tar = new TarReader(gzip);
        var files = new Dictionary<string, string>();
        while (tar.GetNextEntry() is { } entry)
        {
            using var reader = new StreamReader(entry.DataStream!, Encoding.UTF8);
            files[entry.Name] = reader.ReadToEnd();
        }
        return files;
    }
}
