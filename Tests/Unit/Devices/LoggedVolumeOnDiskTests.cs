using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.WriteLog;
using Xunit;

namespace Tidegate.Tests.Unit.Devices;

/// <summary>A volume on a real file system, against an array.</summary>
public sealed class LoggedVolumeOnDiskTests : IDisposable
{
    private const int SizeBytes = 8 << 20;
    private readonly string _directory = Directory.CreateTempSubdirectory("tidegate-volume-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static LoggedVolumeOptions Options() => new()
    {
        SizeBytes = SizeBytes,
        CheckpointBytes = 256 << 10,
        Log = new WriteLogOptions
        {
            VolumeId = "vol-test",
            CapacityBytes = 4 << 20,
            RetainUntilCommitted = false,
            SyncBytes = 256 << 10,
            MaxUnsyncedBytes = 1 << 20,
            MaxUnappliedBytes = 2 << 20,
        },
    };

    [Fact]
    public async Task Every_request_and_every_reopen_agree_with_a_plain_array()
    {
        var disk = new LinuxDisk(_directory);
        LoggedVolume.Create(disk, Options());
        var model = new byte[SizeBytes];
        var random = new Random(7);
        for (var open = 0; open < 4; open++)
        {
            await using var volume = LoggedVolume.Open(disk, Options());
            Assert.Equal(SizeBytes, volume.SizeBytes);
            await AssertEqualAsync(volume, model);
            for (var i = 0; i < 400; i++)
                await ChangeAsync(volume, model, random);
            await AssertEqualAsync(volume, model);
        }
    }

    [Fact]
    public async Task Concurrent_writers_of_their_own_bytes_never_lose_one_even_within_a_sector()
    {
        var disk = new LinuxDisk(_directory);
        LoggedVolume.Create(disk, Options());
        await using var volume = LoggedVolume.Open(disk, Options());
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var round = 0; round < 300; round++)
            {
                // Each sector is shared by all eight writers.
                var bytes = new byte[512];
                Array.Fill(bytes, (byte)(writer + 1));
                await volume.WriteAsync(round % 100 * 4096L + writer * 512L, bytes, fua: round % 50 == 0, default);
            }
        })));
        var sector = new byte[4096];
        for (var i = 0; i < 100; i++)
        {
            await volume.ReadAsync(i * 4096L, sector, default);
            for (var at = 0; at < sector.Length; at++)
                Assert.Equal(at / 512 + 1, sector[at]);
        }
    }

    [Fact]
    public async Task Extents_merge_what_is_only_in_the_log_with_the_store()
    {
        var disk = new LinuxDisk(_directory);
        LoggedVolume.Create(disk, Options());
        await using (var volume = LoggedVolume.Open(disk, Options()))
            await volume.WriteAsync(0, new byte[65536], fua: true, default);
        await using var reopened = LoggedVolume.Open(disk, Options());
        await reopened.WriteAsync(1 << 20, new byte[8192], fua: false, default);
        await reopened.DiscardAsync(8192, 4096, fua: false, default);
        var extents = await reopened.GetExtentsAsync(0, SizeBytes, 100, default);
        Assert.Equal(
            [new(8192, false), new(4096, true), new(65536 - 12288, false), new((1 << 20) - 65536, true), new(8192, false), new(SizeBytes - (1 << 20) - 8192, true)],
            extents);
        Assert.Equal(2, (await reopened.GetExtentsAsync(0, SizeBytes, 2, default)).Count);
    }

    [Fact]
    public async Task A_second_open_of_the_same_directory_is_refused()
    {
        var disk = new LinuxDisk(_directory);
        LoggedVolume.Create(disk, Options());
        await using var volume = LoggedVolume.Open(disk, Options());
        var refused = Assert.Throws<DiskFaultException>(() => LoggedVolume.Open(disk, Options()));
        Assert.Contains("another agent", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Growing_shows_zeroes_survives_a_reopen_and_never_goes_back()
    {
        var disk = new LinuxDisk(_directory);
        LoggedVolume.Create(disk, Options());
        await using (var volume = LoggedVolume.Open(disk, Options()))
        {
            await volume.GrowAsync(2 * SizeBytes, default);
            await volume.WriteAsync(2 * SizeBytes - 4096, Enumerable.Repeat((byte)9, 4096).ToArray(), fua: true, default);
        }
        await using var reopened = LoggedVolume.Open(disk, Options());
        Assert.Equal(2 * SizeBytes, reopened.SizeBytes);
        var sector = new byte[4096];
        await reopened.ReadAsync(2 * SizeBytes - 4096, sector, default);
        Assert.All(sector, value => Assert.Equal(9, value));
        var refused = await Assert.ThrowsAsync<BlockDeviceException>(() => reopened.GrowAsync(SizeBytes, default));
        Assert.Equal(DeviceError.Invalid, refused.Error);
    }

    private static async Task ChangeAsync(LoggedVolume volume, byte[] model, Random random)
    {
        var aligned = random.Next(3) > 0;
        var offset = random.Next(SizeBytes - (1 << 18));
        var length = 1 + random.Next(random.Next(8) == 0 ? 1 << 18 : 9000);
        if (aligned)
            (offset, length) = (offset & -4096, (length + 4095) & -4096);
        var fua = random.Next(20) == 0;
        switch (random.Next(6))
        {
            case 0:
                await volume.DiscardAsync(offset, length, fua, default);
                var first = (offset + 4095) & -4096;
                var end = (offset + length) & -4096;
                if (end > first)
                    Array.Clear(model, first, end - first);
                break;
            case 1:
                await volume.WriteZeroesAsync(offset, length, fua, default);
                Array.Clear(model, offset, length);
                break;
            default:
                var data = new byte[length];
                random.NextBytes(data);
                await volume.WriteAsync(offset, data, fua, default);
                data.CopyTo(model, offset);
                break;
        }
        if (random.Next(30) == 0)
            await volume.FlushAsync(default);
        if (random.Next(4) == 0)
        {
            var at = random.Next(SizeBytes - 70000);
            var read = new byte[random.Next(70000)];
            await volume.ReadAsync(at, read, default);
            Assert.True(read.AsSpan().SequenceEqual(model.AsSpan(at, read.Length)));
        }
    }

    private static async Task AssertEqualAsync(LoggedVolume volume, byte[] model)
    {
        var all = new byte[model.Length];
        await volume.ReadAsync(0, all, default);
        Assert.True(all.AsSpan().SequenceEqual(model));
    }
}
