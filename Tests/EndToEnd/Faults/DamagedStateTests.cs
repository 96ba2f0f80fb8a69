using Tidegate.Tests.EndToEnd.RoundTrip;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Faults;

/// <summary>
/// Files of a stopped agent are torn, emptied or overwritten. It starts all the same where nothing depends on them; otherwise it names the file and
/// what to do, changes nothing, and with the file back everything is there.
/// </summary>
[Collection(FaultedVolume.Collection)]
public sealed class DamagedStateTests(FaultedVolume volume)
{
    private const string Restored = "restored";
    private const int IdentityExit = 3;
    private const int LocalExit = 4;
    private const int SlotBytes = 4096;

    [Fact]
    public async Task I1_Damaged_state_is_named_or_made_up_for_and_nothing_is_lost()
    {
        await volume.CleanAsync();
        var deployment = volume.Deployment;
        (await volume.QemuIoAsync("write -P 0x5a 1M 2M", "flush")).Succeeded();
        var snapshot = (string)(await deployment.CliOkAsync("snapshots", "create", volume.VolumeId, "--wait"))["snapshotId"]!;
        var restored = (string)(await deployment.CliOkAsync("restore", snapshot, "--gateway", volume.Gateway, "--name", Restored, "--wait"))["volumeId"]!;
        (await deployment.QemuIoAsync(RunningSite.Agent, Restored, "write -P 0xa5 2M 2M", "flush")).Succeeded();
        await volume.StopAsync();

        foreach (var (file, damage, exit) in ((string, Action<string>, int)[])
        [
            ("identity/key.pem", Cut, IdentityExit), ("identity/certificate.pem", Empty, IdentityExit), ("identity/ca.pem", Overwrite, IdentityExit),
            ("identity/customer.json", Cut, IdentityExit), ("volumes/configuration.json", Cut, LocalExit),
        ])
        {
            using var damaged = Damage(file, damage);
            var ended = await Assert.ThrowsAsync<InvalidOperationException>(() => volume.StartAsync());
            Assert.Contains($"exited with {exit}", ended.Message, StringComparison.Ordinal);
            Assert.Contains(Path.GetFileName(file), ended.Message, StringComparison.Ordinal);
        }

        // What nothing depends on: a request that is over, addresses that were learned.
        var request = Path.GetRelativePath(volume.StateFolder, Directory.EnumerateFiles(Path.Combine(volume.StateFolder, "requests"), "*.json").First());
        using (Damage(request, Cut))
        using (Damage("link/addresses.json", Overwrite))
        {
            await volume.StartAsync();
            await ProveAsync(volume.Name, Restored);
            Assert.Contains(Path.GetFileName(request), volume.Agent.LogTail(200), StringComparison.Ordinal);
            await volume.StopAsync();
        }

        // What one volume cannot do without: the others are served.
        foreach (var (name, id, file, damage) in ((string, string, string, Action<string>)[])
        [
            // Either copy of the superblock: the other one may be the older.
            (volume.Name, volume.VolumeId, "log", path => OverwriteAt(path, 0)),
            (volume.Name, volume.VolumeId, "log", path => OverwriteAt(path, SlotBytes)),
            (Restored, restored, "presence", path => OverwriteAt(path, 0)),
            (volume.Name, volume.VolumeId, "store.raw", Cut),
        ])
        {
            using (Damage($"volumes/{id}/{file}", damage))
            {
                await volume.StartAsync();
                await ProveAsync(name == Restored ? volume.Name : Restored);
                var status = await deployment.LocalVolumeAsync(RunningSite.Agent, name);
                Assert.Equal("failed", (string?)status["state"]);
                Assert.Contains(file == "log" ? "superblock" : file == "presence" ? "presence map" : "store", (string)status["reason"]!, StringComparison.Ordinal);
                Assert.NotEqual(0, (await deployment.QemuIoAsync(RunningSite.Agent, name, "read 0 4k")).ExitCode);
                await deployment.EndAgentAsync(RunningSite.Agent);
            }
        }

        await volume.StartAsync();
        await ProveAsync(volume.Name, Restored);
        await deployment.ConnectedAsync(volume.Gateway);
        await deployment.DrainedAsync(volume.Gateway);
    }

    private async Task ProveAsync(params string[] names)
    {
        foreach (var name in names)
        {
            var second = name == Restored ? "read -P 0xa5 2M 2M" : "read -P 0x5a 2M 1M";
            (await volume.Deployment.QemuIoAsync(RunningSite.Agent, name, "read -P 0 0 1M", "read -P 0x5a 1M 1M", second, "read -P 0 4M 4M")).Succeeded();
        }
    }

    /// <summary>The file as it was comes back at the end.</summary>
    private PutBack Damage(string file, Action<string> damage)
    {
        var path = Path.Combine(volume.StateFolder, file);
        var good = path + ".good";
        File.Move(path, good);
        File.Copy(good, path);
        damage(path);
        return new PutBack(path, good);
    }

    private static void Empty(string path) => Write(path, file => file.SetLength(0));

    private static void Cut(string path) => Write(path, file => file.SetLength(file.Length / 2));

    private static void Overwrite(string path) => OverwriteAt(path, 0);

    private static void OverwriteAt(string path, int position)
    {
        var bytes = new byte[512];
        new Random(position + 7).NextBytes(bytes);
        Write(path, file =>
        {
            file.Position = position;
            file.Write(bytes);
        });
    }

    private static void Write(string path, Action<FileStream> write)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write);
        write(file);
    }

    private sealed class PutBack(string path, string good) : IDisposable
    {
        public void Dispose() => File.Move(good, path, overwrite: true);
    }
}
