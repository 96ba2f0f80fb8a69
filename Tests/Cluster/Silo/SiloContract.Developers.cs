using Tidegate.Client.Developers;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Tenants;
using Xunit;

namespace Tidegate.Tests.Cluster.Silo;

// The typed client against a whole silo: API listener, link port, projection.
public abstract partial class SiloContract
{
    [Fact]
    public async Task M5_5_A_developers_client_reaches_its_account_with_its_keys_role_and_lists_what_the_API_lists()
    {
        using var account = await NewAccountAsync("developers");
        using var other = await NewAccountAsync("strangers");
        await using var client = await ConnectAsync(account.Key);
        Assert.Equal(("developers", account.Id), ((await client.Account.Describe()).Name, client.AccountId));
        foreach (var number in new[] { 1, 2, 3 })
        {
            var id = $"vol-0000000000000000dd0{number}";
            await PublishAsync(account.Id, id, new { type = "volume", id, accountId = account.Id, gatewayId = "gw-00000000000000000001", name = $"disk-{number}", sizeBytes = 4096, createdAt = Start.AddDays(number) });
        }

        var page = await client.Tenant.List(new ResourceListQuery(ResourceList.Volumes) { PageSize = 2 });
        var rest = await client.Tenant.List(new ResourceListQuery(ResourceList.Volumes) { PageSize = 2, PageToken = page.NextPageToken });
        Assert.Equal(["disk-1", "disk-2", "disk-3"], page.Items.Concat(rest.Items).Select(line => line.Name));
        Assert.Equal(new ListedResource("vol-0000000000000000dd03", "disk-3", "gw-00000000000000000001", Start.AddDays(3)), Assert.Single(rest.Items));
        Assert.Equal("", rest.NextPageToken);
        Assert.Equal("vol-0000000000000000dd02", Assert.Single((await client.Tenant.List(new ResourceListQuery(ResourceList.Volumes) { Name = "disk-2" })).Items).Id);
        await AssertCodeAsync(ErrorCodes.InvalidArgument, () => client.Tenant.List(new ResourceListQuery(ResourceList.Gateways) { PageToken = page.NextPageToken }));
        await AssertCodeAsync(ErrorCodes.InvalidArgument, () => client.Tenant.List(new ResourceListQuery((ResourceList)99)));
        await using var stranger = await ConnectAsync(other.Key);
        Assert.Empty((await stranger.Tenant.List(new ResourceListQuery(ResourceList.Volumes))).Items);
        await AssertCodeAsync(ErrorCodes.InvalidArgument, () => stranger.Tenant.List(new ResourceListQuery(ResourceList.Volumes) { PageToken = page.NextPageToken }));

        var made = await account.Client.CreateApiKeyAsync(account.Id, new CreateApiKeyRequest("bound", Role.Reader, VolumeIds: ["vol-0000000000000000dd02"]));
        await using (var bound = await ConnectAsync(made.ApiKey))
        {
            Assert.Equal("disk-2", Assert.Single((await bound.Tenant.List(new ResourceListQuery(ResourceList.Volumes))).Items).Name);
            await AssertCodeAsync(ErrorCodes.Forbidden, () => bound.Tenant.List(new ResourceListQuery(ResourceList.Gateways)));
            await account.Client.RevokeApiKeyAsync(made.KeyId);
            await AssertCodeAsync(ErrorCodes.Unauthenticated, () => ConnectAsync(made.ApiKey));
        }

        await AssertCodeAsync(ErrorCodes.Forbidden, () => ConnectAsync(Silo.OperatorKey));
        await AssertCodeAsync(ErrorCodes.Unauthenticated, () => ConnectAsync(account.Key[..^2] + "AA"));
    }

    private Task<TidegateClient> ConnectAsync(Secret apiKey) => TidegateClient.ConnectAsync(
        new() { Service = new Uri(Silo.Ready.ApiUrl), ApiKey = apiKey, CaFile = Silo.Ready.CaFile, ConnectTimeout = TimeSpan.FromSeconds(20) });
}
