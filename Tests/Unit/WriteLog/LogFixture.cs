using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Tests.Kit.Disks;
using Log = Tidegate.GatewayAgent.WriteLog.WriteLog;

namespace Tidegate.Tests.Unit.WriteLog;

/// <summary>A log on a simulated disk, with time and syncs in the test's hands.</summary>
internal sealed class LogFixture
{
    internal const int Sector = 4096;

    internal LogFixture(WriteLogOptions? options = null)
    {
        Scheduler = new SeededScheduler(new Random(1));
        Options = (options ?? Default) with { Worker = Scheduler, Time = Time };
        Disk = new SimulatedDisk(new Random(2), new SimulatedDiskPlan());
        Log.Create(Disk, Options, 1 << 20);
        LogUnderTest = Log.Open(Disk, Options);
    }

    internal static WriteLogOptions Default => new()
    {
        VolumeId = "vol-0123456789",
        CapacityBytes = 128 << 10,
        SyncBytes = 16 << 10,
        MaxUnsyncedBytes = 40 << 10,
        MaxUnappliedBytes = 64 << 10,
    };

    internal SeededScheduler Scheduler { get; }
    internal FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    internal WriteLogOptions Options { get; }
    internal SimulatedDisk Disk { get; private set; }
    internal Log LogUnderTest { get; private set; }

    internal static byte[] Bytes(int seed, int length = Sector)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Appends a write of random bytes; must not wait.</summary>
    internal long Write(int seed, int length = Sector)
    {
        var append = LogUnderTest.AppendAsync(LogRecordKind.Write, seed % 64 * Sector, length, Bytes(seed, length), default);
        return append.IsCompleted ? append.GetAwaiter().GetResult() : throw new InvalidOperationException("the append waits");
    }

    /// <summary>Runs whatever is ready, on this thread.</summary>
    internal void RunReady()
    {
        while (Scheduler.RunOne())
        {
        }
    }

    internal void Sync()
    {
        var sync = LogUnderTest.SyncAsync();
        RunReady();
        sync.GetAwaiter().GetResult();
    }

    internal T Finish<T>(Func<Task<T>> call)
    {
        var result = default(T);
        Finish(async () => { result = await call(); });
        return result!;
    }

    internal void Finish(Func<Task> call)
    {
        var task = Scheduler.Start(call);
        RunReady();
        if (!task.IsCompleted)
            throw new InvalidOperationException("the call waits");
        task.GetAwaiter().GetResult();
    }

    /// <summary>Loses power and opens what is left.</summary>
    internal List<LogRecord> Crash(SimulatedDiskPlan? plan = null, Action<SimulatedDisk>? damage = null)
    {
        Disk = Disk.Restart(plan ?? new SimulatedDiskPlan());
        damage?.Invoke(Disk);
        Scheduler.Clear();
        var replayed = new List<LogRecord>();
        LogUnderTest = Log.Open(Disk, Options, record => replayed.Add(record with { Data = record.Data.ToArray() }));
        return replayed;
    }
}
