using System.Buffers.Binary;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.Nbd;
using Tidegate.GatewayAgent.Nbd.Wire;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Tests.Fuzz.Engine;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Nbd;

namespace Tidegate.Tests.Fuzz.Targets;

/// <summary>What the agent reads: its own files (<c>docs/formats/write-log.md</c>, <c>presence-map.md</c>) and NBD clients (<c>docs/protocols/nbd.md</c>).</summary>
internal static class AgentTargets
{
    private const long VolumeBytes = 1 << 20;
    private const string VolumeId = "vol-0123456789";

    /// <summary>A whole log file with records, notes and both superblocks, whose checksums are set right after it was bent.</summary>
    public static FuzzTarget WriteLog()
    {
        var seed = LogFile();
        return new FuzzTarget("write-log", [seed], OpenLog, typeof(LogCorruptException), typeof(NewerLogException))
        {
            MaxBytes = seed.Length,
            FixedBytes = 16 << 20,
            Repair = RepairLog,
        };
    }

    public static FuzzTarget PresenceMap()
    {
        var disk = NewDisk();
        using (var map = GatewayAgent.Volumes.PresenceMap.Open(disk, VolumeId, "snap-1", VolumeBytes, wasServed: false))
        {
            map.MarkWritten(1, 0x00FF);
            map.MarkZero(4, 3);
            map.Sync();
        }

        return new FuzzTarget(
            "presence-map", [ReadFile(disk, GatewayAgent.Volumes.PresenceMap.FileName)],
            static bytes =>
            {
                var disk = NewDisk();
                WriteFile(disk, GatewayAgent.Volumes.PresenceMap.FileName, bytes);
                using var map = GatewayAgent.Volumes.PresenceMap.Open(disk, VolumeId, "snap-1", VolumeBytes, wasServed: true);
                _ = map.PresentBytes;
                for (long block = 0; block >= 0; block = map.NextAbsent(block + 1)) _ = map.Mask(block);
            },
            typeof(InvalidDataException))
        {
            FixedBytes = 4 << 20,
            Repair = static bytes =>
            {
                if (bytes.Length >= 92) BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(88), Crc32C.Compute(bytes.AsSpan(0, 88)));
            },
        };
    }

    /// <summary>Whatever a map holds, opening it gives dirty blocks, and a header that is not understood hides none; only a whole header of a newer format is refused.</summary>
    public static FuzzTarget DirtyMap()
    {
        const int Blocks = (int)(VolumeBytes / 65536);
        var disk = NewDisk();
        using (var map = GatewayAgent.Devices.DirtyMap.Open(disk, VolumeId, VolumeBytes, mustTrack: false, TaskScheduler.Default))
        {
            map.Begin(GatewayAgent.Devices.DirtyReason.PastLog, 3, DateTimeOffset.UnixEpoch);
            map.Mark(65536, 200_000);
            map.Sync();
        }

        return new FuzzTarget(
            "dirty-map", [ReadFile(disk, GatewayAgent.Devices.DirtyMap.FileName)],
            static bytes =>
            {
                var disk = NewDisk();
                WriteFile(disk, GatewayAgent.Devices.DirtyMap.FileName, bytes);
                using var map = GatewayAgent.Devices.DirtyMap.Open(disk, VolumeId, VolumeBytes, mustTrack: true, TaskScheduler.Default);
                var count = 0;
                for (var block = map.NextDirty(0); block >= 0; block = map.NextDirty(block + 1)) count++;
                if (count != map.DirtyBlocks || count > Blocks) throw new InvalidOperationException($"{count} blocks are found dirty and {map.DirtyBlocks} counted");
            },
            typeof(InvalidDataException))
        {
            FixedBytes = 4 << 20,
            Repair = static bytes =>
            {
                if (bytes.Length >= 512) BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(508), Crc32C.Compute(bytes.AsSpan(0, 508)));
            },
        };
    }

    /// <summary>Everything that a client says until terms are agreed, over a real socket.</summary>
    public static FuzzTarget NbdHandshake()
    {
        byte[] flags = [0, 0, 0, 3];
        byte[] name = [0, 0, 0, 4, .. "disk"u8];
        byte[] info = [.. Option(NbdOption.Info, [.. name, 0, 2, 0, 3, 0, 1])];
        byte[] context = [.. Option(NbdOption.StructuredReply, []), .. Option(NbdOption.SetMetaContext, [.. name, 0, 0, 0, 1, 0, 0, 0, 15, .. "base:allocation"u8])];
        return new FuzzTarget(
            "nbd-handshake",
            [[.. flags, .. info, .. Option(NbdOption.List, [])], [.. flags, .. context, .. Option(NbdOption.Go, [.. name, 0, 0])], [.. flags, .. Option(NbdOption.ExportName, "disk"u8)], [.. flags, .. Option(NbdOption.ListMetaContext, [.. name, 0, 0, 0, 0]), .. Option(NbdOption.Abort, [])], [.. flags, .. Option(NbdOption.StartTls, []), .. info]],
            Handshake, typeof(NbdProtocolException))
        {
            MaxBytes = 4096,
            FixedBytes = 4 << 20,
            Words = ["IHAVEOPT"u8.ToArray(), name, "base:"u8.ToArray(), [0, 0, 0, 7], [0, 0, 0, 6], [0, 0, 0, 9], [0, 0, 0, 10]],
        };
    }

    public static FuzzTarget NbdRequest()
    {
        var request = new byte[GatewayAgent.Nbd.Wire.NbdRequest.HeaderBytes];
        BinaryPrimitives.WriteUInt32BigEndian(request, NbdMagic.Request);
        return new FuzzTarget(
            "nbd-request", [request],
            static bytes =>
            {
                if (!GatewayAgent.Nbd.Wire.NbdRequest.TryDecode(SegmentTargets.Padded(bytes, GatewayAgent.Nbd.Wire.NbdRequest.HeaderBytes), out var request)) return;
                _ = NbdRequestRules.FaultOf(request, VolumeBytes, isReadOnly: false, isStructured: true, hasBaseAllocation: true);
            });
    }

    private static void Handshake(byte[] bytes)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        listener.Listen(1);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);
        using var server = new NbdSocket(listener.Accept());
        client.Send(bytes);
        client.Shutdown(SocketShutdown.Send);
        using var input = new NbdInput(server);
        using var queue = new NbdReplyQueue(server);
        new NbdNegotiation(input, queue, new FixedExports(), new NbdServerOptions(), new Willing()).Run();
    }

    private static byte[] Option(NbdOption option, ReadOnlySpan<byte> data)
    {
        var header = new byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(header, NbdMagic.Option);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(8), (uint)option);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(12), (uint)data.Length);
        return [.. header, .. data];
    }

    private static WriteLogOptions LogOptions() => new()
    {
        VolumeId = VolumeId,
        CapacityBytes = 16 << 10,
        SyncBytes = 4 << 10,
        MaxUnsyncedBytes = 8 << 10,
        MaxUnappliedBytes = 8 << 10,
        Worker = new SeededScheduler(new Random(1)),
        Time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(56)),
    };

    private static void OpenLog(byte[] bytes)
    {
        var disk = NewDisk();
        WriteFile(disk, GatewayAgent.WriteLog.WriteLog.FileName, bytes);
        var records = 0;
        GatewayAgent.WriteLog.WriteLog.Open(disk, LogOptions(), _ => records++);
    }

    private static byte[] LogFile()
    {
        var disk = NewDisk();
        GatewayAgent.WriteLog.WriteLog.Create(disk, LogOptions(), VolumeBytes);
        var options = LogOptions();
        var log = GatewayAgent.WriteLog.WriteLog.Open(disk, options);
        _ = log.AppendAsync(LogRecordKind.Write, 4096, 512, new byte[512], default).AsTask();
        _ = log.AppendAsync(LogRecordKind.Discard, 8192, 4096, default, default).AsTask();
        Finish(log.SyncAsync());
        Finish(log.AppendSealAsync(new SealDecision(1, 0, log.DurableEnd, new byte[32], 1), default));
        Finish(log.AppendBarrierAsync("snap-1", default));
        _ = log.AppendAsync(LogRecordKind.Write, 0, 512, new byte[512], default).AsTask();
        Finish(log.SyncAsync());
        Finish(log.DisposeAsync().AsTask());
        return ReadFile(disk, GatewayAgent.WriteLog.WriteLog.FileName);

        void Finish(Task task)
        {
            while (((SeededScheduler)options.Worker!).RunOne())
            {
            }

            task.GetAwaiter().GetResult();
        }
    }

    /// <summary>Superblocks and headers of records say their own checksum again, and payloads that are whole theirs.</summary>
    private static void RepairLog(byte[] bytes)
    {
        for (var slot = 0; slot < 2 && (slot + 1) * LogSuperblock.SlotBytes <= bytes.Length; slot++)
        {
            var superblock = bytes.AsSpan(slot * LogSuperblock.SlotBytes, LogSuperblock.Bytes);
            BinaryPrimitives.WriteUInt32LittleEndian(superblock[8..], Crc32C.Compute(superblock[12..]));
        }

        for (var at = 2 * LogSuperblock.SlotBytes; at + LogRecordHeader.Bytes <= bytes.Length; at += LogRecordHeader.Alignment)
        {
            var header = bytes.AsSpan(at, LogRecordHeader.Bytes);
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) != LogRecordHeader.ExpectedMagic) continue;
            var payload = BinaryPrimitives.ReadInt32LittleEndian(header[88..]);
            if (payload >= 0 && payload <= bytes.Length - at - LogRecordHeader.Bytes)
                BinaryPrimitives.WriteUInt32LittleEndian(header[92..], Crc32C.Compute(bytes.AsSpan(at + LogRecordHeader.Bytes, payload)));
            BinaryPrimitives.WriteUInt32LittleEndian(header[4..], Crc32C.Compute(header[8..]));
        }
    }

    private static SimulatedDisk NewDisk() => new(new Random(2), new SimulatedDiskPlan());

    private static void WriteFile(SimulatedDisk disk, string name, byte[] bytes)
    {
        using var file = disk.Open(name, bytes.Length);
        file.Write(0, bytes);
        file.SyncData();
        disk.SyncDirectory();
    }

    private static byte[] ReadFile(SimulatedDisk disk, string name)
    {
        using var file = disk.Open(name);
        var bytes = new byte[file.SizeBytes];
        file.Read(0, bytes);
        return bytes;
    }

    private sealed class Willing : INbdHandshake
    {
        public NbdTlsMode TlsMode => NbdTlsMode.Allowed;
        public bool IsStopping => false;

        public void StartTls()
        {
        }

        public string? BeginSession() => null;
    }
}
