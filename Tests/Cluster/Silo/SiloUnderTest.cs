using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Client.Rest;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Hosting;
using Tidegate.Silo.Options;

namespace Tidegate.Tests.Cluster.Silo;

/// <summary>A real silo in this process: real listeners, real grains, on the state store of the given settings.</summary>
internal sealed class SiloUnderTest : IAsyncDisposable
{
    private readonly SiloApplication _silo;
    private readonly List<IDisposable> _clients = [];

    private SiloUnderTest(SiloApplication silo) => _silo = silo;

    public ReadyFile Ready => _silo.Ready;

    public IServiceProvider Services => _silo.Services;

    public string OperatorKey => File.ReadAllText(Ready.OperatorKeyFile).Trim();

    public static async Task<SiloUnderTest> StartAsync(IReadOnlyDictionary<string, string?> settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Logging.ClearProviders();
        var silo = await SiloApplication.CreateAsync(builder, SiloSettings.Read(builder.Configuration), NullLoggerFactory.Instance, CancellationToken.None);
        await silo.StartAsync(CancellationToken.None);
        return new SiloUnderTest(silo);
    }

    /// <summary>The typed client with an API key.</summary>
    public TidegateRestClient Client(Secret? apiKey)
    {
        var client = new TidegateRestClient(new RestClientOptions { Endpoint = new Uri(Ready.ApiUrl), CaFile = Ready.CaFile, ApiKey = apiKey, MaxAttempts = 1 });
        _clients.Add(client);
        return client;
    }

    /// <summary>A plain HTTP client, for what the typed one would never send.</summary>
    public HttpClient Http(string baseUrl, Secret? apiKey = null, X509Certificate2? certificate = null)
    {
        var client = new HttpClient(PinnedTrust.CreateHandler(Ready.CaFile, certificate)) { BaseAddress = new Uri(baseUrl) };
        if (apiKey is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey.Reveal());
        _clients.Add(client);
        return client;
    }

    public static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients) client.Dispose();
        await _silo.StopAsync();
        await _silo.DisposeAsync();
    }
}
