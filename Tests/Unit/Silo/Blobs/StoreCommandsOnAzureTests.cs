using System.Text.Json.Nodes;
using Tidegate.Cli.Commands;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Blobs;
using Tidegate.Tests.Unit.BlockStore.Rebuild;
using Xunit;

namespace Tidegate.Tests.Unit.Silo.Blobs;

/// <summary><c>Tidegate.Silo store</c>: the store commands on a container.</summary>
public sealed class StoreCommandsOnAzureTests(AzuriteForTests azurite)
{
    [Fact]
    public async Task A_container_is_verified_and_exported_like_a_directory()
    {
        using var stored = await StoredScenario.CreateAsync();
        var bucket = new AzureBlobStore(await azurite.ContainerAsync());
        foreach (var key in stored.Volume.Store.Keys) await bucket.PutIfAbsentAsync(key, await stored.Volume.Store.GetRangeAsync(key, 0, 1 << 26));
        var (exitCode, json) = await RunAsync("verify");
        Assert.Equal((0, true), (exitCode, (bool)json["isSound"]!));
        var file = Path.Combine(stored.Directory, "image");
        (exitCode, json) = await RunAsync("export", "vol-1", "--snapshot", "snap-2", "--to", file);
        using var content = File.OpenRead(file);
        Assert.Equal((0, Convert.ToHexStringLower(await System.Security.Cryptography.SHA256.HashDataAsync(content))), (exitCode, (string?)json["sha256"]));

        await bucket.DeleteAsync(stored.Volume.Head.Tail.Inline[0].Segment.Identity.BlobKey);
        (exitCode, json) = await RunAsync("verify", "--quick");
        Assert.Equal((10, 1), (exitCode, json["damages"]!.AsArray().Count));

        async Task<(int ExitCode, JsonNode Json)> RunAsync(params string[] arguments)
        {
            using var output = new StringWriter();
            using var errors = new StringWriter();
            string[] line = ["store", .. arguments, "--blobs", "azure:any", "--keys", stored.Directory, "-o", "json"];
            return (await CommandLine.RunStoreAsync(line, output, errors, TimeProvider.System, _ => bucket), JsonNode.Parse(output.ToString())!);
        }
    }

    [Fact]
    public void A_bucket_that_cannot_be_meant_is_refused_by_name()
    {
        Assert.Equal(ErrorCodes.InvalidArgument, Assert.Throws<TidegateException>(() => BucketByName.Open("azure:No_Container")).Code);
        Assert.Throws<DirectoryNotFoundException>(() => BucketByName.Open("/no/such/directory"));
    }
}
