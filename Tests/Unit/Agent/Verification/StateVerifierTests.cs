using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Verification;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Tests.Unit.Agent.Upgrade;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.Verification;

public sealed class StateVerifierTests : IDisposable
{
    private const string VolumeId = "vol-00112233445566778899";
    private const int SizeBytes = 1 << 20;
    private readonly string _folder = Directory.CreateTempSubdirectory("tidegate-verify-").FullName;

    [Fact]
    public void A_killed_agents_state_is_sound_and_is_left_as_it_is()
    {
        using var state = new EarlierState();
        var before = Contents(state.Folder);
        var verifier = Open(state.Folder);
        Assert.Equal([EarlierState.Restored, EarlierState.Data], verifier.VolumeIds);
        var data = verifier.Verify(EarlierState.Data, Silent.Instance);
        Assert.Empty(data.Findings);
        Assert.Equal(("data", 8, true), (data.Name, data.Records, data.UncommittedBytes > 228 << 10));
        var restored = verifier.Verify(EarlierState.Restored, Silent.Instance);
        Assert.Empty(restored.Findings);
        Assert.Equal(24 << 10, restored.StoreBytes);
        Assert.NotNull(restored.PresentBytes);
        Assert.Equal(before, Contents(state.Folder));
    }

    [Fact]
    public void A_flipped_bit_of_an_acknowledged_record_is_damage()
    {
        using var state = new EarlierState();
        // In the middle of the first write's payload.
        Flip(state.PathOf(EarlierState.Data, "log"), LogFile.DataStart + 500_000);
        var result = Open(state.Folder).Verify(EarlierState.Data, Silent.Instance);
        Assert.False(result.IsSound);
        Assert.Contains("payload is damaged", Assert.Single(result.Findings).What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_presence_map_and_a_missing_store_are_both_told()
    {
        using var state = new EarlierState();
        Flip(state.PathOf(EarlierState.Restored, "presence"), 20);
        File.Delete(state.PathOf(EarlierState.Restored, LoggedVolume.StoreFileName));
        var findings = Open(state.Folder).Verify(EarlierState.Restored, Silent.Instance).Findings;
        Assert.Equal(2, findings.Count);
        Assert.All(findings, static f => Assert.True(f.IsDamage));
        Assert.Contains(findings, static f => f.What.Contains("presence map", StringComparison.Ordinal));
        Assert.Contains(findings, static f => f.What.Contains("missing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_store_that_lost_an_applied_write_is_told_by_its_log()
    {
        await MakeVolumeAsync();
        var sound = Open(_folder).Verify(VolumeId, Silent.Instance);
        Assert.Empty(sound.Findings);
        Assert.Equal(SizeBytes, sound.ComparedBytes);

        var store = Path.Combine(Directory_, LoggedVolume.StoreFileName);
        var written = File.GetLastWriteTimeUtc(store);
        Flip(store, 5 * 4096 + 17);
        // Zeroes count too.
        Flip(store, 250 * 4096);
        File.SetLastWriteTimeUtc(store, written);
        var findings = Open(_folder).Verify(VolumeId, Silent.Instance).Findings;
        Assert.Equal(2, findings.Count);
        Assert.Contains("at byte 20480 ", findings[0].What, StringComparison.Ordinal);
        Assert.Contains("at byte 1024000 ", findings[1].What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_written_past_the_log_is_not_held_against_the_store()
    {
        await MakeVolumeAsync();
        using (var map = DirtyMap.Open(new LinuxDisk(Directory_), VolumeId, SizeBytes, mustTrack: false, TaskScheduler.Default))
            map.Begin(DirtyReason.PastLog, 0, TimeProvider.System.GetUtcNow(), whole: true);
        var store = Path.Combine(Directory_, LoggedVolume.StoreFileName);
        var written = File.GetLastWriteTimeUtc(store);
        Flip(store, 5 * 4096 + 17);
        File.SetLastWriteTimeUtc(store, written);
        var result = Open(_folder).Verify(VolumeId, Silent.Instance);
        Assert.Empty(result.Findings);
        Assert.Equal((0, true), (result.ComparedBytes, result.StoreBytes > 0));
    }

    [Fact]
    public async Task A_store_that_somebody_wrote_to_after_the_stop_is_no_damage()
    {
        await MakeVolumeAsync();
        Flip(Path.Combine(Directory_, LoggedVolume.StoreFileName), 4096);
        File.SetLastWriteTimeUtc(Path.Combine(Directory_, LoggedVolume.StoreFileName), DateTime.UnixEpoch.AddYears(70));
        var result = Open(_folder).Verify(VolumeId, Silent.Instance);
        Assert.True(result.IsSound);
        Assert.Contains("Somebody has written", Assert.Single(result.Findings).What, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_configuration_lacks_and_what_is_not_here_yet_are_told_without_alarm()
    {
        using var state = new EarlierState();
        Directory.CreateDirectory(state.PathOf(VolumeId, ""));
        Directory.Delete(state.PathOf(EarlierState.Data, ""), recursive: true);
        var verifier = Open(state.Folder);
        Assert.Contains(verifier.Findings, static f => !f.IsDamage && f.What.Contains(VolumeId, StringComparison.Ordinal));
        var absent = verifier.Verify(EarlierState.Data, Silent.Instance);
        Assert.True(absent.IsSound);
        Assert.Contains("nothing of it is here", Assert.Single(absent.Findings).What, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Directory_ => Path.Combine(_folder, "volumes", VolumeId);

    private static StateVerifier Open(string folder)
    {
        var verifier = new StateVerifier(folder, TimeProvider.System);
        verifier.Open();
        return verifier;
    }

    /// <summary>All of it written once or zeroed, applied, and waiting for a service.</summary>
    private async Task MakeVolumeAsync()
    {
        var options = new LoggedVolumeOptions
        {
            SizeBytes = SizeBytes,
            Log = new WriteLogOptions { VolumeId = VolumeId, CapacityBytes = 4 << 20, MaxUnsyncedBytes = 1 << 20, SyncBytes = 512 << 10 },
        };
        var disk = new LinuxDisk(Directory_);
        LoggedVolume.Create(disk, options);
        await using var volume = LoggedVolume.Open(disk, options);
        var bytes = new byte[SizeBytes * 3 / 4];
        new Random(3).NextBytes(bytes);
        await volume.WriteAsync(0, bytes, fua: false, default);
        await volume.WriteZeroesAsync(bytes.Length, SizeBytes - bytes.Length, fua: true, default);
    }

    private static void Flip(string path, long position)
    {
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = position;
        var value = file.ReadByte();
        file.Position = position;
        file.WriteByte((byte)(value ^ 0x10));
    }

    private static Dictionary<string, string> Contents(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(
        static path => path,
        static path =>
        {
            using var file = File.OpenRead(path);
            return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(file));
        });

    private sealed class Silent : IVerifyProgress
    {
        public static Silent Instance { get; } = new();

        public void LogRead(long bytes)
        {
            // Nobody looks.
        }

        public void StoreRead(long bytes)
        {
            // Nobody looks.
        }
    }
}
