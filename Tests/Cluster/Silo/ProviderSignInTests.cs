using System.Net;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Console;
using Xunit;

namespace Tidegate.Tests.Cluster.Silo;

/// <summary>Signing in to a real silo's console with an OpenID Connect provider.</summary>
public sealed class ProviderSignInTests
{
    [Fact]
    public async Task Whom_the_provider_vouches_for_gets_the_account_and_role_of_the_first_mapping_that_fits()
    {
        var directory = Directory.CreateTempSubdirectory("tg-oidc-").FullName;
        try
        {
            const string account = "123456789012";
            var caFile = Path.Combine(directory, "provider.pem");
            await using var provider = await FakeIdentityProvider.StartAsync(caFile);
            const string section = "Tidegate:Console:OpenIdConnect:";
            await using var silo = await SiloUnderTest.StartAsync(new Dictionary<string, string?>
            {
                ["Tidegate:State:Directory"] = Path.Combine(directory, "state"),
                [section + "Authority"] = provider.Url,
                [section + "ClientId"] = FakeIdentityProvider.ClientId,
                [section + "ClientSecret"] = "not so secret",
                [section + "CaFile"] = caFile,
                [section + "DisplayName"] = "Example <Login>",
                [section + "Mappings:0:Claim"] = "groups",
                [section + "Mappings:0:Value"] = "operations",
                [section + "Mappings:0:Role"] = "operator",
                [section + "Mappings:1:Claim"] = "groups",
                [section + "Mappings:1:Value"] = "staff",
                [section + "Mappings:1:Role"] = "reader",
                [section + "Mappings:1:AccountId"] = account,
            });

            using var erin = new ConsoleVisitor(silo.Ready.ConsoleUrl!, silo.Ready.CaFile);
            Assert.Contains("Sign in with Example &lt;Login&gt;", (await erin.GetAsync("/sign-in?return=%2Fprofile")).Html, StringComparison.Ordinal);
            var back = provider.Approve(await BeginAsync(erin, "/profile"), "erin-1", "erin@example.net", "staff", "others");
            Assert.StartsWith(silo.Ready.ConsoleUrl + "/sign-in/callback?", back, StringComparison.Ordinal);
            var (answer, _) = await erin.GetAsync(back);
            Assert.Equal((HttpStatusCode.SeeOther, "/profile"), (answer.StatusCode, answer.Headers.Location?.OriginalString));
            Assert.Equal(ConsoleMiddleware.ContentSecurityPolicy, Assert.Single(answer.Headers.GetValues("Content-Security-Policy")));
            var (_, profile) = await erin.GetAsync("/profile");
            Assert.Contains("erin@example.net", profile, StringComparison.Ordinal);
            Assert.Contains($"Account {account}, reader", profile, StringComparison.Ordinal);
            // No password here to be changed.
            Assert.DoesNotContain("/profile/password", profile, StringComparison.Ordinal);

            // A code is good once, and only in the browser that asked for it.
            using var thief = new ConsoleVisitor(silo.Ready.ConsoleUrl!, silo.Ready.CaFile);
            Assert.Equal(HttpStatusCode.Forbidden, (await thief.GetAsync(back)).Answer.StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await erin.GetAsync(back)).Answer.StatusCode);

            // Another person with the name, a local user's name, nobody's group: none gets in.
            await silo.Client(silo.OperatorKey).CreateUserAsync(new CreateUserRequest("local@example.net", "correct horse battery", Role.Operator));
            foreach (var (subject, email, group) in new[] { ("mallory-1", "Erin@example.net", "operations"), ("mallory-1", "local@example.net", "operations"), ("frank-1", "frank@example.net", "strangers") })
            {
                using var other = new ConsoleVisitor(silo.Ready.ConsoleUrl!, silo.Ready.CaFile);
                Assert.Equal(HttpStatusCode.Forbidden, (await other.GetAsync(provider.Approve(await BeginAsync(other, "/"), subject, email, group))).Answer.StatusCode);
                Assert.Equal(HttpStatusCode.SeeOther, (await other.GetAsync("/profile")).Answer.StatusCode);
            }

            // Promoted meanwhile: the new role from the next sign-in on, and no session with the old one beside it.
            using var again = new ConsoleVisitor(silo.Ready.ConsoleUrl!, silo.Ready.CaFile);
            await again.GetAsync(provider.Approve(await BeginAsync(again, "https://evil.example/"), "erin-1", "erin@example.net", "staff", "operations"));
            Assert.Contains("Service operator", (await again.GetAsync("/profile")).Html, StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.SeeOther, (await erin.GetAsync("/profile")).Answer.StatusCode);

            using var api = silo.Http(silo.Ready.ApiUrl);
            Assert.Equal(HttpStatusCode.NotFound, (await api.GetAsync("/sign-in/callback?code=1&state=1")).StatusCode);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<Uri> BeginAsync(ConsoleVisitor visitor, string returnTo)
    {
        var (answer, _) = await visitor.GetAsync("/sign-in/provider?return=" + Uri.EscapeDataString(returnTo));
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        return answer.Headers.Location!;
    }
}
