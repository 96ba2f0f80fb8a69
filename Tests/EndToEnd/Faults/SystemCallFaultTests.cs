using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Faults;

/// <summary>
/// The real agent, on a real disk, killed or failed at its n-th write or sync of a volume's write log or local store: no acknowledged flush is lost, and
/// what the service has stays a prefix of the write order (I1, I3).
/// </summary>
[Collection(FaultedVolume.Collection)]
public sealed class SystemCallFaultTests(FaultedVolume volume)
{
    private const string Log = "log";
    private const string Store = "store.raw";
    private const string Kill = "signal=KILL";
    private const string IoError = "error=EIO";
    private const string NoSpace = "error=ENOSPC";

    public static TheoryData<string, bool, string, int> Matrix => Rows((Log, false), (Log, true), (Store, false));

    /// <summary>The store is synced after every 32 MiB of writes, so that these take as long as all others together.</summary>
    public static TheoryData<string, bool, string, int> StoreSyncs => Rows((Store, true));

    public static TheoryData<string, bool, int> Recoveries
    {
        get
        {
            var rows = new TheoryData<string, bool, int>();
            foreach (var (file, isSync) in ((string, bool)[])[(Log, false), (Log, true), (Store, false)])
            {
                for (var number = 1; number <= 10; number++) rows.Add(file, isSync, number);
            }

            return rows;
        }
    }

    [Theory]
    [InlineData(Log, false, Kill, 7)]
    [InlineData(Log, true, Kill, 3)]
    [InlineData(Store, false, Kill, 5)]
    [InlineData(Store, true, Kill, 1)]
    [InlineData(Log, false, IoError, 9)]
    [InlineData(Log, true, IoError, 2)]
    [InlineData(Store, true, IoError, 1)]
    [InlineData(Store, false, NoSpace, 4)]
    public Task I1_I3_Nothing_flushed_is_lost(string file, bool isSync, string action, int number) => RunAsync(file, isSync, action, number);

    /// <summary>All of it: <c>./dev test --full</c>.</summary>
    [Theory(Explicit = true), MemberData(nameof(Matrix))]
    public Task I1_I3_Nothing_flushed_is_lost_at_any_call(string file, bool isSync, string action, int number) => RunAsync(file, isSync, action, number);

    [Theory(Explicit = true), MemberData(nameof(StoreSyncs))]
    public Task I1_I3_Nothing_flushed_is_lost_at_any_sync_of_the_store(string file, bool isSync, string action, int number) => RunAsync(file, isSync, action, number);

    [Theory]
    [InlineData(Log, false, 1)]
    [InlineData(Log, true, 2)]
    public Task I1_I3_Killed_while_it_recovers_nothing_flushed_is_lost(string file, bool isSync, int number) => RecoverAsync(file, isSync, number);

    [Theory(Explicit = true), MemberData(nameof(Recoveries))]
    public Task I1_I3_Killed_at_any_call_of_its_recovery_nothing_flushed_is_lost(string file, bool isSync, int number) => RecoverAsync(file, isSync, number);

    [Fact]
    public Task I1_I3_Killed_ten_times_under_a_writer_nothing_flushed_is_lost() => KillAsync(10);

    [Fact(Explicit = true)]
    public Task I1_I3_Killed_five_hundred_times_under_a_writer_nothing_flushed_is_lost() => KillAsync(500);

    [Fact]
    public async Task I1_Fio_finds_what_it_flushed_after_its_server_was_killed()
    {
        await volume.CleanAsync();
        List<string> job =
        [
            "--name=verify", "--ioengine=nbd", $"--uri={volume.Uri}", "--rw=randwrite", "--bsrange=4k-64k", "--iodepth=16", "--size=8m", "--verify=crc32c", "--randseed=11",
        ];
        (await ProgramRunner.RunAsync(Repository.Tool("fio"), [.. job, "--do_verify=0", "--fsync=32", "--end_fsync=1"])).Succeeded();
        await volume.RestartAsync();
        (await ProgramRunner.RunAsync(Repository.Tool("fio"), [.. job, "--verify_only", "--verify_fatal=1"])).Succeeded();

        // It would have seen a change.
        (await volume.QemuIoAsync("write -P 0x5a 4M 4k")).Succeeded();
        Assert.NotEqual(0, (await ProgramRunner.RunAsync(Repository.Tool("fio"), [.. job, "--verify_only", "--verify_fatal=1"])).ExitCode);
    }

    private async Task KillAsync(int cycles)
    {
        for (var cycle = 0; cycle < cycles; cycle++)
        {
            await volume.CleanAsync();
            await using var writer = volume.Start();
            await writer.MoreAsync(20 + (37 * cycle % 400));
            await volume.RestartAsync();
            await volume.ProveAsync(writer, isSnapshotTaken: cycle % 5 == 4);
        }
    }

    private async Task RunAsync(string file, bool isSync, string action, int number)
    {
        await volume.CleanAsync();
        await using var writer = await MeetAsync(
            SystemCallFault.Once(action, isSync ? SystemCallFault.Syncs : SystemCallFault.Writes, volume.PathOf(file), number),
            async (injector, writer) =>
            {
                if (action == Kill)
                {
                    await Eventually.TrueAsync("the agent is killed", () => Task.FromResult(volume.Agent.HasExited));
                    return;
                }

                await injector.StruckAsync();
                // A full disk under the store is waited out; any other fault means that nobody knows what the disk holds.
                if (action == NoSpace && file == Store && !isSync) await writer.MoreAsync(200);
                else await StoppedAsync(isSync ? "fdatasync" : "pwrite");
            });
        await volume.RestartAsync();
        await volume.ProveAsync(writer);
    }

    /// <summary>Killed under a writer, and again while it replays what the first kill left, or soon after.</summary>
    private async Task RecoverAsync(string file, bool isSync, int number)
    {
        await volume.CleanAsync();
        await using var writer = volume.Start();
        await writer.MoreAsync(100);
        await volume.EndAsync();
        var fault = SystemCallFault.Once(Kill, isSync ? SystemCallFault.Syncs : SystemCallFault.Writes, volume.PathOf(file), number);
        try
        {
            await volume.StartAsync(fault);
        }
        catch (InvalidOperationException) when (volume.Agent.HasExited)
        {
            // Killed before it was ready.
        }

        await Eventually.TrueAsync("the agent is killed again", () => Task.FromResult(volume.Agent.HasExited));
        await volume.RestartAsync();
        await volume.ProveAsync(writer);
    }

    /// <summary>The fault is in place before the first write, so that it is counted from there.</summary>
    private async Task<JournalledWriter> MeetAsync(SystemCallFault fault, Func<FaultInjector, JournalledWriter, Task> meet)
    {
        await using var injector = await FaultInjector.AttachAsync(volume.Agent, fault, volume.Deployment.Folder);
        var writer = volume.Start();
        await meet(injector, writer);
        return writer;
    }

    private Task StoppedAsync(string operation) => Eventually.TrueAsync($"the volume has stopped and names {operation}", async () =>
        await volume.StateAsync() is ("failed", var reason) && reason.Contains(operation, StringComparison.Ordinal));

    private static TheoryData<string, bool, string, int> Rows(params ReadOnlySpan<(string File, bool IsSync)> calls)
    {
        var rows = new TheoryData<string, bool, string, int>();
        foreach (var (file, isSync) in calls)
        {
            foreach (var action in (string[])[Kill, IoError, NoSpace])
            {
                for (var number = 1; number <= 20; number++) rows.Add(file, isSync, action, number);
            }
        }

        return rows;
    }
}
