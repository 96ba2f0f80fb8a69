using Tidegate.Client.Developers;
using Tidegate.Grains.Accounts;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Tests.Cluster.Grains;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>An API key of an account, and what a client is made with.</summary>
internal sealed record TestDeveloper(GuardedSilo Silo, string AccountId, string KeyId, string ApiKey)
{
    /// <summary>A key of a role, of a gateway's account.</summary>
    public static async Task<TestDeveloper> NewAsync(GuardedSilo silo, string accountId, Role role = Role.AccountAdmin, params string[] volumeIds)
    {
        var keyId = ResourceId.New(ResourceKind.ApiKey);
        var secret = await GrainCluster.As(GrainCluster.Tenant(accountId),
            () => silo.Grains.GetGrain<IApiKeyGrain>(keyId).Create(accountId, new ApiKeyTerms("a developer", role, null, volumeIds)));
        return new TestDeveloper(silo, accountId, keyId, ApiKeyText.Format(keyId, secret));
    }

    public string CaFile => Path.Combine(Silo.StateDirectory, "ca.pem");

    public TidegateClientOptions Options => new() { Service = Silo.AgentsUrl, ApiKey = ApiKey, CaFile = CaFile, ConnectTimeout = TimeSpan.FromSeconds(20) };

    public Task<TidegateClient> ConnectAsync() => TidegateClient.ConnectAsync(Options);

    public Task RevokeAsync() => GrainCluster.As(GrainCluster.Tenant(AccountId), () => Silo.Grains.GetGrain<IApiKeyGrain>(KeyId).Revoke());
}
