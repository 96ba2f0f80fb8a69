using Tidegate.GatewayAgent.Commands;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.Grains.Interfaces.Gateways;
using Xunit;

namespace Tidegate.Tests.Unit.Volumes;

/// <summary>What volumes leave behind is listed, and goes when an operator says so and not before.</summary>
public sealed class LeftOversTests : IDisposable
{
    private const string Served = "vol-00000000000000000071";
    private const string Deleted = "vol-00000000000000000072";
    private const string Plain = "vol-00000000000000000073";

    private readonly string _state = Directory.CreateTempSubdirectory("tidegate-left-").FullName;

    public LeftOversTests()
    {
        Make(Served, "log", 100);
        Make(Served, "log.20261123T190000.aside", 200);
        Make(Served, "store.20261123T190000.aside", 300);
        Make(Deleted, "log", 400);
        Make(Deleted, "store.raw", 500);
        Make(Plain, "log", 600);
        Make("not-a-volume", "log", 700);
    }

    private string Volumes => Path.Combine(_state, "volumes");

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Fact]
    public void Files_of_a_deleted_volume_and_those_put_aside_are_listed_and_only_what_is_named_goes()
    {
        Configure(Served, Plain);
        var leftOvers = new LeftOvers(Volumes);
        Assert.Equal([(Served, 2, 500L), (Deleted, 2, 900L)], leftOvers.List().Select(one => (one.VolumeId, one.Files.Count, one.SizeBytes)));
        Assert.False(leftOvers.Remove(Plain));
        Assert.False(leftOvers.Remove("not-a-volume"));
        Assert.False(leftOvers.Remove("../volumes/" + Deleted));

        Assert.True(leftOvers.Remove(Deleted));
        Assert.False(Directory.Exists(Path.Combine(Volumes, Deleted)));
        Assert.True(leftOvers.Remove(Served));
        Assert.Equal(["log"], Directory.GetFiles(Path.Combine(Volumes, Served)).Select(Path.GetFileName));
        Assert.Empty(leftOvers.List());
        Assert.True(File.Exists(Path.Combine(Volumes, Plain, "log")) && Directory.Exists(Path.Combine(Volumes, "not-a-volume")));
    }

    [Fact]
    public void Nothing_is_left_over_as_long_as_nobody_knows_which_volumes_there_are()
    {
        Assert.Contains("no configuration", Assert.Throws<IOException>(() => new LeftOvers(Volumes).List()).Message, StringComparison.Ordinal);
        Assert.Throws<IOException>(() => new LeftOvers(Volumes).Remove(Deleted));
        Assert.True(File.Exists(Path.Combine(Volumes, Deleted, "store.raw")));
    }

    [Fact]
    public void What_is_in_use_and_what_is_being_put_aside_stays()
    {
        Configure(Served, Plain);
        var leftOvers = new LeftOvers(Volumes);
        using (new LinuxDisk(Path.Combine(Volumes, Deleted)).Open("store.raw"))
            Assert.Contains("another agent", Assert.Throws<DiskFaultException>(() => leftOvers.Remove(Deleted)).Message, StringComparison.Ordinal);
        Assert.Equal(2, Directory.GetFiles(Path.Combine(Volumes, Deleted)).Length);
        Make(Served, DivergenceEnd.FileName, 10);
        Assert.False(leftOvers.Remove(Served));
        Assert.Equal([Deleted], leftOvers.List().Select(one => one.VolumeId));
    }

    [Fact]
    public async Task The_command_removes_what_it_is_told_and_fails_on_what_is_not_left_over()
    {
        Configure(Served, Plain);
        Assert.Equal(ExitCode.Usage, await AgentCommandLine.RunAsync(["left-over", "--state", _state, "--remove", Plain]));
        Assert.Equal(ExitCode.Success, await AgentCommandLine.RunAsync(["left-over", "--state", _state, "--remove", Deleted, "--remove", Served, "--json"]));
        Assert.Empty(new LeftOvers(Volumes).List());
        Assert.Equal(ExitCode.Local, await AgentCommandLine.RunAsync(["left-over", "--state", Path.Combine(_state, "nowhere")]));
        Assert.False(Directory.Exists(Path.Combine(_state, "nowhere")));
    }

    private void Configure(params string[] volumes) =>
        new ConfigurationStore(new LinuxDisk(Volumes)).Save(new GatewayConfiguration(1, "site", "UTC", [.. volumes.Select(id => new VolumeAttachment(id, id, 1 << 20, ""))]));

    private void Make(string volume, string file, int sizeBytes)
    {
        Directory.CreateDirectory(Path.Combine(Volumes, volume));
        File.WriteAllBytes(Path.Combine(Volumes, volume, file), new byte[sizeBytes]);
    }
}
