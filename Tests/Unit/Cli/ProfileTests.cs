using Tidegate.Client.Rest.Models;
using Tidegate.Tests.Unit.Rest;
using Xunit;

namespace Tidegate.Tests.Unit.Cli;

public sealed class ProfileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidegate-profile-").FullName;

    private string Profile => Path.Combine(_folder, "profiles", "default.json");

    [Fact]
    public async Task Setup_makes_account_and_key_and_keeps_them_for_the_owner_alone()
    {
        await using var api = await ApiAsync();
        var run = await SetupAsync(api, "--output", "json");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(CliRun.Key, (string?)run.Json["apiKey"]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Profile));
        Assert.All(api.Requests, r => Assert.Equal("Bearer tgk_operator", r.Authorization));

        var list = await CliRun.RawAsync("gateways", "list", "--profile-dir", Path.GetDirectoryName(Profile)!);
        Assert.Equal(0, list.ExitCode);
        Assert.Equal("Bearer " + CliRun.Key, api.Requests.Last().Authorization);
    }

    [Fact]
    public async Task People_never_see_the_key()
    {
        await using var api = await ApiAsync();
        var setup = await SetupAsync(api);
        var profile = await CliRun.RawAsync("profile", "--profile-dir", Path.GetDirectoryName(Profile)!);
        Assert.Equal(0, profile.ExitCode);
        Assert.DoesNotContain(CliRun.Key, setup.Output + profile.Output, StringComparison.Ordinal);
        Assert.Contains(Samples.AccountId, profile.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_setup_replaces_nothing_unless_told_so()
    {
        await using var api = await ApiAsync();
        await SetupAsync(api);
        var asked = api.Requests.Count;
        Assert.Equal(5, (await SetupAsync(api)).ExitCode);
        Assert.Equal(asked, api.Requests.Count);
        Assert.Equal(0, (await SetupAsync(api, "--force")).ExitCode);
    }

    [Fact]
    public async Task A_profile_that_others_may_read_is_refused()
    {
        await using var api = await ApiAsync();
        await SetupAsync(api);
        File.SetUnixFileMode(Profile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var run = await CliRun.RawAsync("gateways", "list", "--profile-dir", Path.GetDirectoryName(Profile)!);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("chmod 600", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_profile_is_an_error_and_stays_as_it_is()
    {
        await using var api = await ApiAsync();
        await SetupAsync(api);
        var damaged = (await File.ReadAllTextAsync(Profile))[..40];
        await File.WriteAllTextAsync(Profile, damaged);
        var run = await CliRun.RawAsync("gateways", "list", "--profile-dir", Path.GetDirectoryName(Profile)!);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(Profile, run.Errors, StringComparison.Ordinal);
        Assert.Equal(damaged, await File.ReadAllTextAsync(Profile));
        // A full command line does not need it.
        Assert.Equal(0, (await CliRun.Async(api, "gateways", "list", "--profile-dir", Path.GetDirectoryName(Profile)!, "--ca", await CaAsync())).ExitCode);
    }

    [Fact]
    public async Task Without_a_profile_the_error_says_what_to_run()
    {
        var run = await CliRun.RawAsync("gateways", "list", "--profile-dir", Path.Combine(_folder, "none"));
        Assert.Equal(4, run.ExitCode);
        Assert.Contains("tidegate setup", run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a key")]
    public async Task An_operator_key_file_without_a_key_is_refused(string content)
    {
        await using var api = await ApiAsync();
        var run = await SetupWithAsync(api, content);
        Assert.Equal(2, run.ExitCode);
        Assert.Empty(api.Requests);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Task<CliRun> SetupAsync(FakeApi api, params string[] more) => SetupWithAsync(api, "tgk_operator\n", more);

    private async Task<CliRun> SetupWithAsync(FakeApi api, string operatorKey, params string[] more)
    {
        var keyFile = Path.Combine(_folder, "operator.key");
        await File.WriteAllTextAsync(keyFile, operatorKey);
        return await CliRun.RawAsync(
            ["--profile-dir", Path.GetDirectoryName(Profile)!, "setup", "--api", api.Url.ToString(), "--operator-key-file", keyFile, "--account", "me", .. more]);
    }

    private async Task<string> CaAsync()
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=x", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow().AddHours(1));
        var file = Path.Combine(_folder, "ca.pem");
        await File.WriteAllTextAsync(file, certificate.ExportCertificatePem());
        return file;
    }

    private static async Task<FakeApi> ApiAsync() => (await FakeApi.StartAsync())
        .On("POST", "/v1/accounts", FakeReply.Ok(new AccountView(Samples.AccountId, "me", Samples.At)))
        .On("POST", $"/v1/accounts/{Samples.AccountId}/api-keys", FakeReply.Ok(new CreatedApiKey("key-0123456789abcdef0123", CliRun.Key)))
        .On("GET", "/v1/gateways", FakeReply.Ok(new Page<GatewaySummary>([], null)));
}
