using System.Buffers.Binary;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Identity;
using Tidegate.GatewayAgent.Link;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.Upgrade;

/// <summary>An upgrade in place: this agent goes on with what an earlier one left, log and all (<c>docs/formats/agent-state.md</c>).</summary>
public sealed class EarlierStateTests
{
    private const int MiB = 1 << 20;
    private const int KiB = 1 << 10;

    [Fact]
    public async Task Nothing_of_an_earlier_agents_state_is_lost_and_its_log_is_carried_over()
    {
        using var state = new EarlierState();
        // Twice: what this agent makes of it is read by it again.
        for (var open = 0; open < 2; open++)
        {
            await using var manager = Manager(state.Folder);
            await manager.StartAsync(CancellationToken.None);
            Assert.Equal(3, manager.AppliedConfigurationVersion);
            Assert.True(manager.Exports.TryOpen("data", out var data));
            await using (data) Assert.Equal(ExpectedData(), await ReadAsync(data.Device, 0, 8 * MiB));
            Assert.True(manager.Exports.TryOpen("restored", out var restored));
            await using (restored)
            {
                Assert.All(await ReadAsync(restored.Device, 8 * KiB, 4 * KiB), static b => Assert.Equal(0x31, b));
                Assert.All(await ReadAsync(restored.Device, 2 * MiB, 8 * KiB), static b => Assert.Equal(0x32, b));
                Assert.All(await ReadAsync(restored.Device, 3 * MiB, 12 * KiB), static b => Assert.Equal(0x41, b));
            }
            var statuses = manager.GetStatuses().ToDictionary(static v => v.Name, static v => v.Status);
            // What the service did not have still waits for it, to the byte.
            Assert.Equal((VolumeRunState.Shadowing, 234_016L), (statuses["data"].State, statuses["data"].BacklogBytes));
            Assert.Equal((VolumeRunState.Restoring, 12_544L), (statuses["restored"].State, statuses["restored"].BacklogBytes));
            Assert.Equal(24 * KiB, statuses["restored"].HydratedBytes);
            await manager.StopAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_log_of_a_newer_format_is_refused_even_beside_an_older_copy_and_stays_as_it_is()
    {
        using var state = new EarlierState();
        var path = state.PathOf(EarlierState.Data, "log");
        // Slot 0 is the older copy of the two: the newer agent that wrote it need not have been the last to write.
        using (var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite))
        {
            var slot = new byte[LogSuperblock.Bytes];
            file.ReadExactly(slot);
            BinaryPrimitives.WriteUInt32LittleEndian(slot.AsSpan(12), 2);
            BinaryPrimitives.WriteUInt32LittleEndian(slot.AsSpan(8), Crc32C.Compute(slot.AsSpan(12)));
            file.Position = 0;
            file.Write(slot);
        }
        var before = File.ReadAllBytes(path).AsSpan(0, 2 * MiB).ToArray();
        await using var host = VolumeHost.Open(
            new VolumeAttachment(EarlierState.Data, "data", 8 * MiB, ""), () => new GatewayAgent.Disks.LinuxDisk(Path.GetDirectoryName(path)!), Environment());
        var status = host.Status([]);
        Assert.Equal(VolumeRunState.Failed, status.State);
        Assert.Contains("format 2; this agent knows formats up to 1", status.Reason, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(path).AsSpan(0, 2 * MiB).ToArray());
    }

    [Fact]
    public void A_state_directory_of_a_newer_format_is_refused_and_one_without_a_note_gets_one()
    {
        using var state = new EarlierState();
        var note = Path.Combine(state.Folder, StateFormat.FileName);
        StateFormat.Check(state.Folder);
        Assert.False(File.Exists(note));
        StateFormat.CheckAndNote(state.Folder);
        Assert.Contains("\"formatVersion\": 1", File.ReadAllText(note), StringComparison.Ordinal);
        StateFormat.CheckAndNote(state.Folder);

        File.WriteAllText(note, "{\"formatVersion\":7,\"agentVersion\":\"9.1.0\",\"more\":true}");
        var newer = Assert.Throws<InvalidDataException>(() => StateFormat.CheckAndNote(state.Folder));
        Assert.Contains("format 7, written by agent 9.1.0", newer.Message, StringComparison.Ordinal);
        foreach (var damaged in new[] { "", "{", "{\"formatVersion\":0,\"agentVersion\":\"x\"}", "null" })
        {
            File.WriteAllText(note, damaged);
            Assert.Contains("is damaged", Assert.Throws<InvalidDataException>(() => StateFormat.Check(state.Folder)).Message, StringComparison.Ordinal);
        }
    }

    private static byte[] ExpectedData()
    {
        var expected = new byte[8 * MiB];
        expected.AsSpan(0, MiB).Fill(0x11);
        expected.AsSpan(MiB, 64 * KiB).Fill(0x12);
        expected.AsSpan(64 * KiB, 4 * KiB).Fill(0x21);
        expected.AsSpan(1536 * KiB, 96 * KiB).Fill(0x22);
        expected.AsSpan(512 * KiB, 128 * KiB).Clear();
        return expected;
    }

    private static async Task<byte[]> ReadAsync(IBlockDevice device, long offset, int length)
    {
        var bytes = new byte[length];
        await device.ReadAsync(offset, bytes, CancellationToken.None).AsTask().OrHungAsync();
        return bytes;
    }

    private static VolumeManager Manager(string folder) => new(new DirectoryVolumeStorage(Path.Combine(folder, "volumes")), Environment(), static name => [name]);

    /// <summary>No service is in sight.</summary>
    private static VolumeEnvironment Environment()
    {
        var link = new LinkHolder();
        return new VolumeEnvironment(
            id => new LinkVolumeService(id, link), NoTransport.Instance, new SealWorkers(1), new VolumeOptions(), TimeProvider.System, NullLoggerFactory.Instance);
    }

    private sealed class NoTransport : IBlobTransport
    {
        public static NoTransport Instance { get; } = new();

        public Task<bool> PutAsync(BlobTicket ticket, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => throw new InvalidOperationException("There is no ticket.");

        public Task<int> GetRangeAsync(BlobTicket ticket, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("There is no ticket.");

        public IBlobTransport By(ITransferTurn turn) => this;
    }
}
