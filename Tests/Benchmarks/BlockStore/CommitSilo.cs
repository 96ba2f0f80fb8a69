using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Storage;
using Tidegate.BlockStore.Blobs;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Hosting;
using Tidegate.Silo.Options;

namespace Tidegate.Tests.Benchmarks.BlockStore;

/// <summary>A silo in this process with everything that a silo has, on its embedded database and a directory of blobs.</summary>
internal sealed class CommitSilo : IAsyncDisposable
{
    private readonly SiloApplication _silo;

    private CommitSilo(SiloApplication silo) => _silo = silo;

    public IGrainFactory Grains => _silo.Services.GetRequiredService<IGrainFactory>();

    public IBlobStore Blobs => _silo.Services.GetRequiredService<IBlobStore>();

    /// <summary>What the grains save their states to.</summary>
    public IGrainStorage Storage => _silo.Services.GetRequiredKeyedService<IGrainStorage>(StateStoreSilo.StorageName);

    public static async Task<CommitSilo> StartAsync(string directory)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Tidegate:State:Directory"] = directory,
            ["Tidegate:Listeners:Api"] = "127.0.0.1:0",
            ["Tidegate:Listeners:Agents"] = "127.0.0.1:0",
            ["Tidegate:Listeners:Link"] = "127.0.0.1:0",
        });
        builder.Logging.ClearProviders();
        var silo = await SiloApplication.CreateAsync(builder, SiloSettings.Read(builder.Configuration), NullLoggerFactory.Instance, CancellationToken.None);
        await silo.StartAsync(CancellationToken.None);
        return new CommitSilo(silo);
    }

    /// <summary>An account, as the operator makes it.</summary>
    public async Task<string> NewAccountAsync()
    {
        var id = ResourceId.New(ResourceKind.Account);
        await AsAsync(new Caller(Role.Operator, "", "", "operator"), () => Grains.GetGrain<IAccountGrain>(id).Create("bench"));
        return id;
    }

    /// <summary>A gateway of the account, which is never connected: the bench plays its agent.</summary>
    public async Task<string> NewGatewayAsync(string accountId)
    {
        var id = ResourceId.New(ResourceKind.Gateway);
        var provision = new GatewayProvision(
            accountId, "name-" + id, "Etc/UTC", new GatewayMetadata("host", "linux", "box", "1.0.0", ["192.0.2.1"]), "SHA256:bench");
        await AsAsync(Tenant(accountId), () => Grains.GetGrain<IGatewayGrain>(id).Provision(provision));
        return id;
    }

    public static Caller Tenant(string accountId) => new(Role.AccountAdmin, accountId, "", "key-of-" + accountId);

    /// <summary>Runs a call as somebody; the request context is set for it alone.</summary>
    public static async Task<T> AsAsync<T>(Caller caller, Func<Task<T>> call)
    {
        RequestContext.Set(Caller.ContextKey, caller);
        return await call();
    }

    public static Task AsAsync(Caller caller, Func<Task> call) => AsAsync(caller, async () =>
    {
        await call();
        return true;
    });

    public async ValueTask DisposeAsync()
    {
        await _silo.StopAsync();
        await _silo.DisposeAsync();
    }
}
