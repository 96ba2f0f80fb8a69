using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.RoundTrip;

/// <summary>The bucket and the key files outlive the service: with everything else gone, a snapshot is exported and equals its volume.</summary>
public sealed class StoreToolsTests
{
    [Fact]
    public async Task With_bucket_and_key_file_alone_the_store_verifies_and_every_point_is_exported()
    {
        await using var deployment = await Deployment.StartAsync();
        var gateway = await deployment.ActivatedAgentAsync("site");
        var volume = await deployment.VolumeAsync(gateway, "data", "64MiB");
        var uri = deployment.NbdUri("site", "data");
        var image = Path.Combine(deployment.Folder, "fs.img");
        await TestImage.CreateAsync(image, 64 << 20, seed: 9);
        (await ProgramRunner.RunAsync(Repository.Tool("nbdcopy"), ["--flush", image, uri])).Succeeded();
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--description", "export", "--wait"))["snapshotId"]!;
        (await deployment.QemuIoAsync("site", "data", "write -P 0xee 0 1M", "flush")).Succeeded();
        await deployment.DrainedAsync(gateway);
        var expected = await deployment.CopyAsync("site", "data", Path.Combine(deployment.Folder, "newest.img"));

        await deployment.EndAgentAsync("site");
        await deployment.EndSiloAsync();
        string[] bucket = ["--blobs", deployment.BlobFolder, "--keys", deployment.AccountKeyFile];
        var verified = await deployment.CliOkAsync(["store", "verify", .. bucket]);
        Assert.True((bool)verified["isSound"]!, verified.ToJsonString());
        Assert.Equal(1, (int)verified["volumes"]![0]!["snapshots"]!);

        var cut = Path.Combine(deployment.Folder, "cut.img");
        await deployment.CliOkAsync(["store", "export", volume, "--snapshot", snapshot, "--to", cut, .. bucket]);
        Assert.Equal(await TestImage.HashAsync(image), await TestImage.HashAsync(cut));
        var newest = Path.Combine(deployment.Folder, "exported.img");
        await deployment.CliOkAsync(["store", "export", volume, "--to", newest, .. bucket]);
        Assert.Equal(expected, await TestImage.HashAsync(newest));
    }
}
