using Tidegate.Silo.Blobs;
using Tidegate.Silo.Options;
using Tidegate.Tests.Kit.Http;
using Xunit;

namespace Tidegate.Tests.Unit.Silo.Blobs;

/// <summary>What a silo does with its container before it serves.</summary>
public sealed class AzureContainerTests(AzuriteForTests azurite)
{
    [Fact]
    public async Task The_container_is_made_once_and_found_afterwards()
    {
        var container = await azurite.ContainerAsync();
        Assert.True(await container.ExistsAsync(TestContext.Current.CancellationToken));
        await AzureContainer.EnsureAsync(container, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_wrong_key_is_refused_before_anything_serves()
    {
        var options = await OptionsAsync();
        var parts = options.ConnectionString.Reveal().Split(';').Where(part => !part.StartsWith("AccountKey=", StringComparison.Ordinal));
        options.ConnectionString = string.Join(';', parts) + $"AccountKey={Convert.ToBase64String(new byte[64])};";
        var fault = await FaultAsync(options);
        Assert.Contains("the store answered 403", fault, StringComparison.Ordinal);
        Assert.Contains("Check AccountName, AccountKey", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("AAAA", fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_is_not_there_is_told_with_its_address()
    {
        var options = await OptionsAsync();
        Uri gone;
        await using (var proxy = FaultProxy.Before(new Uri("http://127.0.0.1:1"))) gone = proxy.Address;
        options.ConnectionString = (await azurite.ServerAsync()).ConnectionStringVia(gone);
        options.Retries = 1;
        var fault = await FaultAsync(options);
        Assert.Contains(gone.Authority, fault, StringComparison.Ordinal);
        Assert.Contains("Check the account's address", fault, StringComparison.Ordinal);
    }

    private async Task<BlobOptions> OptionsAsync() => new()
    {
        Provider = BlobProvider.Azure,
        AllowHttp = true,
        ConnectionString = (await azurite.ServerAsync()).ConnectionString,
    };

    private static async Task<string> FaultAsync(BlobOptions options)
    {
        Assert.Empty(options.Faults());
        var refusal = await Assert.ThrowsAsync<SettingsException>(() => AzureContainer.EnsureAsync(AzureContainer.Open(options), TestContext.Current.CancellationToken));
        return Assert.Single(refusal.Faults);
    }
}
