using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;

namespace Tidegate.Tests.Cluster.Silo;

/// <summary>An OpenID Connect provider over HTTPS that vouches for whom a test says, and checks PKCE as a real one does.</summary>
internal sealed class FakeIdentityProvider : IAsyncDisposable
{
    public const string ClientId = "tidegate-console";

    private readonly RSA _key = RSA.Create(2048);
    private readonly ConcurrentDictionary<string, (string Challenge, JsonObject Claims)> _codes = [];
    private readonly WebApplication _web;

    private FakeIdentityProvider(string caFile)
    {
        using var tlsKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=provider", tlsKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var bare = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        var certificate = X509CertificateLoader.LoadPkcs12(bare.Export(X509ContentType.Pkcs12), null);
        File.WriteAllText(caFile, certificate.ExportCertificatePem());
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        _web = builder.Build();
        _web.UseRouting();
        _web.MapGet("/.well-known/openid-configuration", () => Json(new JsonObject
        {
            ["issuer"] = Url,
            ["authorization_endpoint"] = Url + "/authorize",
            ["token_endpoint"] = Url + "/token",
            ["jwks_uri"] = Url + "/keys",
        }));
        _web.MapGet("/keys", () =>
        {
            var parameters = _key.ExportParameters(false);
            return Json(new JsonObject
            {
                ["keys"] = new JsonArray(new JsonObject
                {
                    ["kty"] = "RSA",
                    ["kid"] = "1",
                    ["use"] = "sig",
                    ["alg"] = "RS256",
                    ["n"] = Base64Url.EncodeToString(parameters.Modulus),
                    ["e"] = Base64Url.EncodeToString(parameters.Exponent),
                }),
            });
        });
        _web.MapPost("/token", async (HttpContext context) =>
        {
            var form = await context.Request.ReadFormAsync();
            if (!_codes.TryRemove(form["code"].ToString(), out var known)
                || Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))) != known.Challenge)
            {
                return Results.BadRequest();
            }

            return Json(new JsonObject { ["access_token"] = "none", ["token_type"] = "Bearer", ["id_token"] = Sign(known.Claims) });
        });
    }

    public string Url { get; private set; } = "";

    public static async Task<FakeIdentityProvider> StartAsync(string caFile)
    {
        var provider = new FakeIdentityProvider(caFile);
        await provider._web.StartAsync();
        provider.Url = provider._web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return provider;
    }

    /// <summary>Somebody signs in at the provider: the address that the browser is sent back to.</summary>
    public string Approve(Uri authorize, string subject, string email, params string[] groups)
    {
        var asked = QueryHelpers.ParseQuery(authorize.Query);
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var code = RandomNumberGenerator.GetHexString(32);
        _codes[code] = (asked["code_challenge"].ToString(), new JsonObject
        {
            ["iss"] = Url,
            ["aud"] = ClientId,
            ["sub"] = subject,
            ["email"] = email,
            ["nonce"] = asked["nonce"].ToString(),
            ["iat"] = now,
            ["exp"] = now + 300,
            ["groups"] = new JsonArray([.. groups.Select(static group => (JsonNode)group)]),
        });
        return QueryHelpers.AddQueryString(asked["redirect_uri"].ToString(), new Dictionary<string, string?> { ["code"] = code, ["state"] = asked["state"].ToString() });
    }

    public async ValueTask DisposeAsync()
    {
        await _web.StopAsync();
        await _web.DisposeAsync();
        _key.Dispose();
    }

    private static IResult Json(JsonObject body) => Results.Text(body.ToJsonString(), "application/json");

    private string Sign(JsonObject claims)
    {
        var text = Base64Url.EncodeToString("{\"alg\":\"RS256\",\"kid\":\"1\",\"typ\":\"JWT\"}"u8) + "." + Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(claims));
        return text + "." + Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }
}
