using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Tests.EndToEnd.RoundTrip;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.States;

/// <summary>A volume made of a real block device with data on it (M2.6): the kernel's own, over a file.</summary>
public sealed class BlockDeviceTests(SharedService shared)
{
    private const string Agent = "disks";
    private const string Volume = "disk";
    private const int Size = 32 << 20;

    [Fact]
    public async Task An_adopted_block_device_is_served_snapshotted_and_grown_where_it_is()
    {
        if (LoopDevice.Unavailable is { } reason) Assert.Skip(reason);
        var deployment = await shared.DeploymentAsync();
        using var client = deployment.Client();
        await using var device = await LoopDevice.CreateAsync(Path.Combine(deployment.Folder, "disk.backing"), Size);
        var content = new byte[Size];
        new Random(23).NextBytes(content.AsSpan(1 << 20, 12 << 20));
        await File.WriteAllBytesAsync(device.Path, content);
        deployment.ConfigureAgent(Agent, new Dictionary<string, string> { ["TIDEGATE_AGENT_ADOPTFROM"] = "/dev" });
        var gateway = await deployment.ActivatedAgentAsync(Agent);
        await deployment.ConnectedAsync(gateway);

        var created = await deployment.CliOkAsync("volumes", "create", "--gateway", gateway, "--name", Volume, "--adopt", device.Path, "--wait");
        var volume = (string)created["volumeId"]!;
        Assert.Equal(Size, (long)created["sizeBytes"]!);
        // The agent holds the device: nobody else gets it.
        var inUse = await Assert.ThrowsAsync<TidegateException>(() => client.CreateVolumeAsync(new CreateVolumeRequest(gateway, "again", AdoptPath: device.Path)));
        Assert.Contains("is in use", inUse.Message, StringComparison.Ordinal);
        await IoAsync(deployment, "write -P 0xb2 10M 1M", "discard 20M 2M", "flush");
        Array.Fill(content, (byte)0xb2, 10 << 20, 1 << 20);
        content.AsSpan(20 << 20, 2 << 20).Clear();
        var first = await SnapshotAsync(deployment, volume, "first");
        await deployment.EndAgentAsync(Agent, inOrder: true);
        AssertSame(content, first);
        AssertSame(content, await File.ReadAllBytesAsync(device.Path));

        await deployment.StartAgentAsync(Agent);
        await deployment.ConnectedAsync(gateway);
        await device.GrowAsync(2 * Size);
        await client.ResizeVolumeAsync(volume, new ResizeVolumeRequest(2 * Size));
        await Eventually.TrueAsync("the volume has grown", async () => (long)(await deployment.LocalVolumeAsync(Agent, Volume))["sizeBytes"]! == 2 * Size);
        Array.Resize(ref content, 2 * Size);
        await IoAsync(deployment, $"write -P 0xd4 {2 * Size - (1 << 20)} 1M", "write -P 0xd5 10M 4k", "flush");
        Array.Fill(content, (byte)0xd4, 2 * Size - (1 << 20), 1 << 20);
        Array.Fill(content, (byte)0xd5, 10 << 20, 4 << 10);
        await deployment.EndAgentAsync(Agent);
        await deployment.StartAgentAsync(Agent);
        await deployment.ConnectedAsync(gateway);
        var second = await SnapshotAsync(deployment, volume, "second");
        await deployment.EndAgentAsync(Agent, inOrder: true);
        AssertSame(content, second);
        AssertSame(content, await File.ReadAllBytesAsync(device.Path));
    }

    /// <summary>Takes a snapshot and reads it where the volume is.</summary>
    private static async Task<byte[]> SnapshotAsync(Deployment deployment, string volume, string name)
    {
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume, "--wait"))["snapshotId"]!;
        var file = Path.Combine(deployment.Folder, $"disk.{name}");
        await deployment.CopyAsync(Agent, $"{Volume}@{snapshot}", file);
        return await File.ReadAllBytesAsync(file);
    }

    private static async Task IoAsync(Deployment deployment, params string[] commands) => (await deployment.QemuIoAsync(Agent, Volume, commands)).Succeeded();

    private static void AssertSame(byte[] expected, byte[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var same = expected.AsSpan().CommonPrefixLength(actual);
        Assert.True(same == expected.Length, $"Different from byte {same} on.");
    }
}
