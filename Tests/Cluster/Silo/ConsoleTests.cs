using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tidegate.Client.Grain.Agents;
using Tidegate.Client.Rest;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Console;
using Xunit;

namespace Tidegate.Tests.Cluster.Silo;

/// <summary>The console of a real silo over HTTPS (<c>docs/protocols/console.md</c>). One silo serves all.</summary>
public sealed partial class ConsoleTests(ConsoleTests.Console fixture) : IClassFixture<ConsoleTests.Console>
{
    private const string Password = "correct horse battery";
    private const string Markup = "<img src=x onerror=alert(1)>\"'&";

    [Fact]
    public async Task Every_answer_carries_the_headers_and_no_page_has_a_script_or_style_of_its_own()
    {
        using var stranger = fixture.Visitor();
        using var alice = await fixture.SignedInAsync("alice");
        var (_, page) = await stranger.GetAsync("/sign-in");
        var assets = Assets().Matches(page).Select(static match => match.Value).Distinct().ToArray();
        Assert.Equal(3, assets.Length);
        string[] paths =
        [
            "/", "/sign-in", "/gateways", "/volumes", "/volumes/new", "/snapshots", "/events", "/keys", "/profile", "/activate", "/activate?activationKey=nonsense", "/nowhere",
            "/gateways/gw-1", "/volumes/vol-00000000000000000000", "/snapshots/x/delete", "/events?page=invented", "/live/gateways/gw-1", "/assets/other.js", "/v1/me", "/healthz/live", .. assets,
        ];
        foreach (var visitor in new[] { stranger, alice })
        {
            foreach (var path in paths)
            {
                var (answer, html) = await visitor.GetAsync(path);
                Check(answer, path);
                Assert.DoesNotMatch(InlineCode(), html);
                Assert.True((int)answer.StatusCode < 500, $"{path}: {answer.StatusCode}");
                Assert.Equal(path.Contains("console-", StringComparison.Ordinal), answer.Headers.CacheControl!.Public);
            }

            Check((await visitor.PostAsync("/volumes/new")).Answer, "a form without a token");
            Check((await visitor.PostAsync("/gateways")).Answer, "a form that there is not");
            Check((await visitor.PostAsync("/sign-in", ("a", new string('a', 9_000)))).Answer, "a form too large");
        }

        static void Check(HttpResponseMessage answer, string what)
        {
            Assert.True(answer.Headers.TryGetValues("Content-Security-Policy", out var policy), what);
            Assert.Equal(ConsoleMiddleware.ContentSecurityPolicy, Assert.Single(policy));
            Assert.DoesNotContain("unsafe", ConsoleMiddleware.ContentSecurityPolicy, StringComparison.Ordinal);
            Assert.Equal("max-age=31536000", Assert.Single(answer.Headers.GetValues("Strict-Transport-Security")));
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
            Assert.Equal("DENY", Assert.Single(answer.Headers.GetValues("X-Frame-Options")));
            Assert.Equal("same-origin", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
        }
    }

    [Fact]
    public async Task Wrong_passwords_unknown_users_and_what_is_no_name_get_one_answer_and_no_session()
    {
        var answers = new HashSet<string>();
        foreach (var (name, password) in new[] { ("olga", "wrong password here"), ("olga", ""), ("nobody", Password), ("no name at all", Password), ("", "") })
        {
            using var visitor = fixture.Visitor();
            var (answer, html) = await visitor.SubmitAsync("/sign-in", "/sign-in", ("name", name), ("password", password));
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.False(answer.Headers.TryGetValues("Set-Cookie", out var cookies) && cookies.Any(static cookie => cookie.StartsWith(ConsoleCookies.Session, StringComparison.Ordinal)));
            answers.Add(Notice().Match(html).Value);
            Assert.Equal(HttpStatusCode.SeeOther, (await visitor.GetAsync("/gateways")).Answer.StatusCode);
        }

        Assert.Single(answers);
        Assert.Contains("No user has this name and password.", answers.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_is_a_strict_cookie_that_ends_with_its_sign_out_here_or_everywhere()
    {
        using var one = fixture.Visitor();
        var started = await one.SignInAsync("Alice", Password);
        Assert.Equal((HttpStatusCode.SeeOther, "/gateways"), (started.StatusCode, started.Headers.Location?.OriginalString));
        var cookie = Assert.Single(started.Headers.GetValues("Set-Cookie"), static one => one.StartsWith(ConsoleCookies.Session, StringComparison.Ordinal));
        foreach (var attribute in new[] { "path=/", "secure", "samesite=strict", "httponly" }) Assert.Contains(attribute, cookie, StringComparison.Ordinal);
        using var two = await fixture.SignedInAsync("alice");
        using var three = await fixture.SignedInAsync("alice");
        var signedIn = await fixture.Account.ListAuditAsync().FirstAsync(static record => record.Kind == "user.signed-in");
        Assert.Equal(signedIn.Aggregate, signedIn.ActorId);
        Assert.Contains("This browser", (await one.GetAsync("/profile")).Html, StringComparison.Ordinal);

        var stolen = one.Cookies.GetCookieHeader(new Uri(fixture.Silo.Ready.ConsoleUrl!));
        Assert.Equal("/sign-in?done=signed-out", (await one.SubmitAsync("/gateways", "/sign-out")).Answer.Headers.Location?.OriginalString);
        using var thief = fixture.Visitor();
        Assert.Equal(HttpStatusCode.SeeOther, (await thief.GetAsync("/gateways", ("Cookie", stolen))).Answer.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await two.GetAsync("/gateways")).Answer.StatusCode);

        await two.SubmitAsync("/profile", "/profile/sign-out-everywhere");
        Assert.Equal(HttpStatusCode.SeeOther, (await three.GetAsync("/gateways")).Answer.StatusCode);
    }

    [Fact]
    public async Task Ten_failures_shut_an_address_out_whatever_it_says_then_and_whether_or_not_there_is_the_user()
    {
        await fixture.UserAsync("guessed");
        foreach (var name in new[] { "guessed", "never-made" })
        {
            using var visitor = fixture.Visitor();
            for (var attempt = 0; attempt < 10; attempt++) Assert.Equal(HttpStatusCode.Unauthorized, (await visitor.SignInAsync(name, "wrong password here")).StatusCode);
            var refused = await visitor.SignInAsync(name, Password);
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        }
    }

    [Fact]
    public async Task A_password_is_changed_with_the_old_one_and_ends_the_other_sessions()
    {
        await fixture.UserAsync("carol");
        using var one = await fixture.SignedInAsync("carol");
        using var other = await fixture.SignedInAsync("carol");
        const string fresh = "another battery staple";
        var (refused, html) = await one.SubmitAsync("/profile", "/profile/password", ("old", "wrong password here"), ("new", fresh), ("again", fresh));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("The present password is not the one that was given.", html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await one.SubmitAsync("/profile", "/profile/password", ("old", Password), ("new", "carol is short"), ("again", "carol is short"))).Answer.StatusCode);
        Assert.Equal(HttpStatusCode.SeeOther, (await one.SubmitAsync("/profile", "/profile/password", ("old", Password), ("new", fresh), ("again", fresh))).Answer.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await one.GetAsync("/gateways")).Answer.StatusCode);
        Assert.Equal(HttpStatusCode.SeeOther, (await other.GetAsync("/gateways")).Answer.StatusCode);
        using var again = fixture.Visitor();
        Assert.Equal(HttpStatusCode.SeeOther, (await again.SignInAsync("carol", fresh)).StatusCode);

        await fixture.Account.DeleteUserAsync((await fixture.Account.ListUsersAsync().ToListAsync()).Single(static user => user.Name == "carol").UserId);
        Assert.Equal(HttpStatusCode.SeeOther, (await again.GetAsync("/gateways")).Answer.StatusCode);
    }

    [Fact]
    public async Task A_form_without_its_sessions_token_or_of_another_site_does_nothing()
    {
        using var alice = await fixture.SignedInAsync("alice");
        using var other = await fixture.SignedInAsync("alice");
        var token = Token(await alice.GetAsync("/keys"));
        foreach (var wrong in new[] { "", "invented", Token(await other.GetAsync("/keys")) })
            Assert.Equal(HttpStatusCode.Forbidden, (await alice.PostAsync("/keys", ("formToken", wrong), ("label", "forged"), ("role", Fixed))).Answer.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await alice.PostAsync("/keys?formToken=" + token, ("label", "forged"), ("role", Fixed))).Answer.StatusCode);
        foreach (var site in new[] { "cross-site", "same-site", "none" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/keys") { Content = new FormUrlEncodedContent([new("formToken", token), new("label", "forged"), new("role", Fixed)]) };
            request.Headers.Add("Sec-Fetch-Site", site);
            Assert.Equal(HttpStatusCode.Forbidden, (await alice.Http.SendAsync(request)).StatusCode);
        }

        using var asJson = await alice.Http.PostAsync("/keys", SiloUnderTest.Json($"{{\"formToken\":\"{token}\",\"label\":\"forged\"}}"));
        Assert.Equal(HttpStatusCode.Forbidden, asJson.StatusCode);
        Assert.DoesNotContain("forged", (await alice.GetAsync("/events")).Html, StringComparison.Ordinal);

        using var visitor = fixture.Visitor();
        await visitor.GetAsync("/sign-in");
        Assert.Equal(HttpStatusCode.Forbidden, (await visitor.PostAsync("/sign-in", ("formToken", token), ("name", "alice"), ("password", Password))).Answer.StatusCode);
    }

    [Fact]
    public async Task What_others_wrote_is_text_on_every_page()
    {
        using var alice = await fixture.SignedInAsync("alice");
        var session = await fixture.OpenSessionAsync(new GatewayMetadata(Markup, Markup, Markup, Markup, [Markup]));
        var (_, preview) = await alice.GetAsync("/activate?activationKey=" + session);
        Assert.Contains("SHA256:", preview, StringComparison.Ordinal);
        var claimed = await alice.SubmitAsync("/activate?activationKey=" + session, "/activate", ("name", "marked"), ("timeZone", "Europe/Zurich"));
        var gateway = claimed.Answer.Headers.Location!.OriginalString.Split('?')[0];
        var (_, refused) = await alice.SubmitAsync(gateway, gateway + "/rename", ("name", Markup));
        var (_, made) = await alice.SubmitAsync("/keys", "/keys", ("label", Markup), ("role", Fixed), ("days", "30"));
        Assert.Matches("tgk_[0-9a-f]{20}_", made);
        foreach (var html in new[]
        {
            preview, refused, made, (await alice.GetAsync(gateway)).Html, (await alice.GetAsync("/keys")).Html, (await alice.GetAsync("/events")).Html, (await alice.GetAsync("/gateways")).Html,
            (await alice.GetAsync("/activate?activationKey=" + Uri.EscapeDataString(Markup))).Html, (await alice.GetAsync("/events?of=" + Uri.EscapeDataString(Markup))).Html,
            (await alice.GetAsync("/sign-in?return=" + Uri.EscapeDataString("/" + Markup))).Html, (await alice.GetAsync("/" + Uri.EscapeDataString(Markup))).Html,
        })
        {
            Assert.DoesNotContain("<img src=x", html, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotMatch(InlineCode(), html);
        }

        Assert.DoesNotMatch("tgk_[0-9a-f]{20}_", (await alice.GetAsync("/keys")).Html);
    }

    [Fact]
    public async Task A_form_that_is_sent_twice_makes_one_volume_and_a_refused_one_is_shown_again_with_what_was_typed()
    {
        using var alice = await fixture.SignedInAsync("alice");
        var session = await fixture.OpenSessionAsync(new GatewayMetadata("host.example", "os", "hardware", "0.1.0", ["192.0.2.1"]));
        var (zoneRefused, zonePage) = await alice.SubmitAsync("/activate?activationKey=" + session, "/activate", ("name", "typed-name"), ("timeZone", "Mars/Phobos"));
        Assert.Equal(HttpStatusCode.BadRequest, zoneRefused.StatusCode);
        Assert.Contains("value=\"typed-name\"", zonePage, StringComparison.Ordinal);
        var (claimed, _) = await alice.SubmitAsync("/activate?activationKey=" + session, "/activate", ("name", "twice"), ("timeZone", "Europe/Zurich"));
        var gateway = claimed.Headers.Location!.OriginalString.Split('?')[0]["/gateways/".Length..];
        var token = Token(await alice.GetAsync("/volumes/new"));
        (string, string)[] form = [("formToken", token), ("requestId", "req-of-this-form"), ("gateway", gateway), ("name", "once"), ("size", "64"), ("unit", "MiB")];
        var first = (await alice.PostAsync("/volumes/new", form)).Answer;
        var second = (await alice.PostAsync("/volumes/new", form)).Answer;
        Assert.Equal(HttpStatusCode.SeeOther, first.StatusCode);
        Assert.Equal(first.Headers.Location, second.Headers.Location);
        Assert.Contains("once", (await alice.GetAsync("/volumes")).Html, StringComparison.Ordinal);
        var (taken, page) = await alice.PostAsync("/volumes/new", [.. form[..1], ("requestId", "another"), .. form[2..]]);
        Assert.Equal(HttpStatusCode.Conflict, taken.StatusCode);
        Assert.Contains("Choose another name.", page, StringComparison.Ordinal);
        var (_, offline) = await alice.SubmitAsync(first.Headers.Location!.OriginalString, first.Headers.Location.OriginalString.Split('?')[0] + "/snapshots", ("description", "kept words"));
        Assert.Contains("value=\"kept words\"", offline, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_accounts_things_are_missing_and_its_users_unknown()
    {
        using var alice = await fixture.SignedInAsync("alice");
        using var mallory = await fixture.SignedInAsync("mallory");
        var session = await fixture.OpenSessionAsync(new GatewayMetadata("host.example", "os", "hardware", "0.1.0", ["192.0.2.1"]));
        var claimed = await alice.SubmitAsync("/activate?activationKey=" + session, "/activate", ("name", "hers"), ("timeZone", "UTC"));
        var gateway = claimed.Answer.Headers.Location!.OriginalString.Split('?')[0];
        var (foreign, foreignPage) = await mallory.GetAsync(gateway);
        var (missing, missingPage) = await mallory.GetAsync("/gateways/gw-00000000000000000000");
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (foreign.StatusCode, missing.StatusCode));
        Assert.Equal(Stable(missingPage), Stable(foreignPage.Replace(gateway["/gateways/".Length..], "gw-00000000000000000000", StringComparison.Ordinal)));
        var token = Token(await mallory.GetAsync("/keys"));
        Assert.Equal(HttpStatusCode.NotFound, (await mallory.PostAsync(gateway + "/deactivate", ("formToken", token))).Answer.StatusCode);
        Assert.DoesNotContain("hers", (await mallory.GetAsync("/events")).Html, StringComparison.Ordinal);
        // A live part of it is no more to be had.
        Assert.Equal(HttpStatusCode.NotFound, (await mallory.GetAsync("/live" + gateway)).Answer.StatusCode);
        Assert.DoesNotContain(await fixture.OtherAccount.ListUsersAsync().ToListAsync(), static user => user.Name == "alice");
        var aliceId = (await fixture.Account.ListUsersAsync().ToListAsync()).Single(static user => user.Name == "alice").UserId;
        var refusal = await Assert.ThrowsAsync<TidegateException>(() => fixture.OtherAccount.DeleteUserAsync(aliceId));
        Assert.Equal(ErrorCodes.NotFound, refusal.Code);
    }

    [Fact]
    public async Task A_link_of_another_site_is_followed_by_the_consoles_own_page_and_leads_nowhere_else()
    {
        using var visitor = fixture.Visitor();
        var (answer, html) = await visitor.GetAsync("/activate?activationKey=AAAAA", ("Sec-Fetch-Site", "cross-site"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("0;url=/activate?activationKey=AAAAA", Assert.Single(answer.Headers.GetValues("Refresh")));
        Assert.Contains("href=\"/activate?activationKey=AAAAA\"", html, StringComparison.Ordinal);
        var (toSignIn, _) = await visitor.GetAsync("/activate?activationKey=AAAAA", ("Sec-Fetch-Site", "same-origin"));
        Assert.Equal("/sign-in?return=%2Factivate%3FactivationKey%3DAAAAA", toSignIn.Headers.Location?.OriginalString);
        foreach (var evil in new[] { "https://evil.example/", "//evil.example/", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", "" })
        {
            using var victim = fixture.Visitor();
            var (signedIn, _) = await victim.SubmitAsync("/sign-in?return=" + Uri.EscapeDataString(evil), "/sign-in", ("name", "alice"), ("password", Password));
            Assert.Equal("/gateways", signedIn.Headers.Location?.OriginalString);
        }
    }

    [Fact]
    public async Task Pages_and_routes_of_the_api_are_on_their_own_listeners()
    {
        using var alice = await fixture.SignedInAsync("alice");
        Assert.Equal(HttpStatusCode.NotFound, (await alice.GetAsync("/v1/me", ("Authorization", "Bearer " + fixture.Silo.OperatorKey))).Answer.StatusCode);
        using var api = fixture.Silo.Http(fixture.Silo.Ready.ApiUrl);
        using var agents = fixture.Silo.Http(fixture.Silo.Ready.AgentsUrl);
        foreach (var path in new[] { "/sign-in", "/gateways", "/live/gateways" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await api.GetAsync(path)).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await agents.GetAsync(path)).StatusCode);
        }
    }

    [Fact]
    public async Task A_live_part_shows_what_is_and_ends_with_the_session()
    {
        await fixture.UserAsync("dora");
        using var dora = await fixture.SignedInAsync("dora");
        using var stream = await dora.Http.GetStreamAsync("/live/gateways");
        using var reader = new StreamReader(stream);
        Assert.StartsWith("data: <div", await reader.ReadLineAsync(), StringComparison.Ordinal);
        await dora.SubmitAsync("/gateways", "/sign-out");
        var rest = await reader.ReadToEndAsync();
        Assert.Contains("event: ended", rest, StringComparison.Ordinal);
        using var stranger = fixture.Visitor();
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync("/live/gateways")).Answer.StatusCode);
    }

    /// <summary>Every page and form there is, by a user of every role: refused exactly where its route says so, and nothing is changed.</summary>
    [Fact]
    public async Task Every_page_and_form_refuses_every_role_that_it_is_not_open_to()
    {
        var before = (await fixture.Account.ListAuditAsync().CountAsync(static record => !record.Kind.StartsWith("user.", StringComparison.Ordinal)));
        foreach (var (name, role) in new[] { ("rita", Role.Reader), ("ulla", Role.Uploader) })
        {
            await fixture.UserAsync(name, role);
            using var visitor = await fixture.SignedInAsync(name);
            var token = Token(await visitor.GetAsync("/profile"));
            foreach (var (method, path, roles) in fixture.Pages().Where(static page => !page.Path.StartsWith("/sign-out", StringComparison.Ordinal) && !page.Path.StartsWith("/profile/", StringComparison.Ordinal)))
            {
                var place = path.Replace("{id}", "missing", StringComparison.Ordinal);
                var (answer, html) = method == "GET" ? await visitor.GetAsync(place) : await visitor.PostAsync(place, ("formToken", token));
                Assert.True(roles.Contains(role) != (answer.StatusCode == HttpStatusCode.Forbidden), $"{role} {method} {path}: {answer.StatusCode}");
                if (method == "GET" && answer.StatusCode == HttpStatusCode.OK) Assert.DoesNotMatch("<form[^>]*method=\"post\"[^>]*action=\"/(?!sign-out|profile)", html);
            }
        }

        Assert.Equal(before, await fixture.Account.ListAuditAsync().CountAsync(static record => !record.Kind.StartsWith("user.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_key_that_ends_makes_no_users_and_nobody_makes_more_than_himself()
    {
        var brief = fixture.Silo.Client((await fixture.Account.CreateApiKeyAsync(fixture.AccountId, new CreateApiKeyRequest("brief", Role.AccountAdmin, 3600))).ApiKey);
        foreach (var (client, request) in new[]
        {
            (brief, new CreateUserRequest("lasting", Password, Role.Reader)), (fixture.Account, new CreateUserRequest("lasting", Password, Role.Operator)),
        })
        {
            var refusal = await Assert.ThrowsAsync<TidegateException>(() => client.CreateUserAsync(request));
            Assert.Equal(ErrorCodes.Forbidden, refusal.Code);
        }

        var foreign = await Assert.ThrowsAsync<TidegateException>(() => fixture.OtherAccount.CreateUserAsync(new CreateUserRequest("lasting", Password, Role.Reader, fixture.AccountId)));
        Assert.Equal(ErrorCodes.NotFound, foreign.Code);
    }

    [Fact]
    public async Task An_operator_sees_all_accounts_and_owns_nothing()
    {
        using var olga = await fixture.SignedInAsync("olga");
        Assert.Contains("account.created", (await olga.GetAsync("/events?of=" + fixture.AccountId)).Html, StringComparison.Ordinal);
        var token = Token(await olga.GetAsync("/keys"));
        Assert.Equal(HttpStatusCode.Forbidden, (await olga.PostAsync("/volumes/new", ("formToken", token), ("name", "no"), ("size", "1"), ("unit", "GiB"))).Answer.StatusCode);
        Assert.DoesNotContain("href=\"/activate\"", (await olga.GetAsync("/gateways")).Html, StringComparison.Ordinal);
    }

    private const string Fixed = nameof(Role.Reader);

    private static string Token((HttpResponseMessage Answer, string Html) page) => TokenField().Match(page.Html).Groups[1].Value;

    /// <summary>A page without what is drawn anew each time.</summary>
    private static string Stable(string html) => RequestIds().Replace(html, "");

    [GeneratedRegex("<script(?![^>]*\\ssrc=\"/assets/)|<style|<[a-z]+(?:\\s+[a-z-]+(?:=\"[^\"]*\")?)*?\\s+(?:on[a-z]+|style)=|(?:href|src|action)=\"javascript:", RegexOptions.IgnoreCase)]
    private static partial Regex InlineCode();

    [GeneratedRegex("/assets/console-[0-9a-f]{16}\\.[a-z]+")]
    private static partial Regex Assets();

    [GeneratedRegex("<div class=\"notice bad\".*?</div>", RegexOptions.Singleline)]
    private static partial Regex Notice();

    [GeneratedRegex("name=\"formToken\" value=\"([^\"]*)\"")]
    private static partial Regex TokenField();

    [GeneratedRegex("req-[0-9a-f]{20}")]
    private static partial Regex RequestIds();

    /// <summary>A silo with two accounts and their users.</summary>
    public sealed class Console : IAsyncLifetime
    {
        private readonly string _directory = Directory.CreateTempSubdirectory("tg-console-").FullName;

        internal SiloUnderTest Silo { get; private set; } = null!;

        internal TidegateRestClient Account { get; private set; } = null!;

        internal TidegateRestClient OtherAccount { get; private set; } = null!;

        internal string AccountId { get; private set; } = "";

        public async ValueTask InitializeAsync()
        {
            Silo = await SiloUnderTest.StartAsync(new Dictionary<string, string?> { ["Tidegate:State:Directory"] = _directory, ["Tidegate:Api:SignInsPerMinute"] = "10000" });
            var administrator = Silo.Client(Silo.OperatorKey);
            (AccountId, Account) = await NewAccountAsync(administrator, "acme");
            (_, OtherAccount) = await NewAccountAsync(administrator, "other");
            await UserAsync("alice");
            await OtherAccount.CreateUserAsync(new CreateUserRequest("mallory", Password, Role.AccountAdmin));
            await administrator.CreateUserAsync(new CreateUserRequest("olga", Password, Role.Operator));
        }

        public async ValueTask DisposeAsync()
        {
            if (Silo is not null) await Silo.DisposeAsync();
            Directory.Delete(_directory, recursive: true);
        }

        internal Task UserAsync(string name, Role role = Role.AccountAdmin) => Account.CreateUserAsync(new CreateUserRequest(name, Password, role));

        /// <summary>What of the console is for who is signed in.</summary>
        internal IEnumerable<(string Method, string Path, IReadOnlyList<Role> Roles)> Pages() =>
            from endpoint in Silo.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            let access = endpoint.Metadata.GetMetadata<ConsoleAccess>()
            where access is not null
            select (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0], endpoint.RoutePattern.RawText!, access.Roles);

        internal ConsoleVisitor Visitor() => new(Silo.Ready.ConsoleUrl!, Silo.Ready.CaFile);

        internal async Task<ConsoleVisitor> SignedInAsync(string name)
        {
            var visitor = Visitor();
            Assert.Equal(HttpStatusCode.SeeOther, (await visitor.SignInAsync(name, Password)).StatusCode);
            return visitor;
        }

        /// <summary>What an agent does first; the activation key.</summary>
        internal async Task<string> OpenSessionAsync(GatewayMetadata metadata)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var http = Silo.Http(Silo.Ready.AgentsUrl);
            var publicKey = key.ExportSubjectPublicKeyInfo();
            using var opened = await http.PostAsJsonAsync(
                "/agent/v1/activation/sessions", new ActivationSessionRequest(publicKey, metadata, key.SignData(publicKey, HashAlgorithmName.SHA256)),
                ActivationJson.Default.ActivationSessionRequest);
            var reply = (await opened.Content.ReadFromJsonAsync(ActivationJson.Default.ActivationSessionReply))!;
            Assert.Equal(new Uri(Silo.Ready.ConsoleUrl + "/activate"), reply.ConsoleUrl);
            return reply.ActivationKey.Reveal();
        }

        private async Task<(string AccountId, TidegateRestClient Client)> NewAccountAsync(TidegateRestClient administrator, string name)
        {
            var account = await administrator.CreateAccountAsync(new CreateAccountRequest(name));
            var key = await administrator.CreateApiKeyAsync(account.AccountId, new CreateApiKeyRequest("first", Role.AccountAdmin));
            return (account.AccountId, Silo.Client(key.ApiKey));
        }
    }
}
