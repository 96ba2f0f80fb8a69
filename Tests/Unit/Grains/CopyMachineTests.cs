using CsCheck;
using Tidegate.BlockStore;
using Tidegate.BlockStore.Heads;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Volumes;
using Tidegate.Grains.Volumes.Copies;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

public sealed class CopyMachineTests
{
    private const long Size = 8 << 20;

    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly CopyRequest Request = new("off-1", "210987654321", "vol-1", "snap-1", Size, Start, "snap-2", "theirs");
    private static readonly VolumeHead Empty = HeadMachine.Create(new LineageId("210987654321", "vol-9"), 1, Size);
    private static readonly WrappedLineageKey Key = new("210987654321", "vol-9", 1, new byte[61]);

    private static VolumeState Begun => CopyMachine.Begin(new VolumeState(), Request, Empty, [Key], Start).Next!;

    [Fact]
    public void A_copy_begins_once_in_a_lineage_that_has_nothing()
    {
        Assert.Null(CopyMachine.Begin(Begun, Request, Empty, [Key], Start).Next);
        Assert.Throws<TidegateException>(() => CopyMachine.Begin(Begun, Request with { SourceSnapshotId = "snap-3" }, Empty, [Key], Start));
        var volume = VolumeMachine.Intend(new VolumeState(), new VolumeSpecification("210987654321", "gw-1", "data", Size, ""), Start).Next!;
        Assert.Throws<TidegateException>(() => CopyMachine.Begin(volume, Request, Empty, [Key], Start));
    }

    [Fact]
    public void Whatever_happens_a_copy_ends_once_and_has_its_snapshot_exactly_when_it_is_complete() =>
        Gen.Select(Gen.Int[0, 5], Gen.Int[1, 9]).Array[1, 30].SampleFixed(
            moves =>
            {
                var (state, sequence) = (Begun, 0L);
                SnapshotCopyState? end = null;
                foreach (var (move, data) in moves)
                {
                    var before = state;
                    switch (move)
                    {
                        case 0 or 1 or 2:
                            var head = Empty with { CommittedSequence = ++sequence, CommittedLogEnd = sequence * 100 };
                            var committed = CopyMachine.Committed(state, head, data, isWhole: move == 2 && data > 6, Start);
                            Assert.Equal(end is null, committed.Result);
                            state = committed.Next ?? state;
                            break;
                        case 3:
                            state = CopyMachine.Fail(state, "gone", Start).Result;
                            break;
                        case 4 when end != SnapshotCopyState.Completed:
                            state = CopyMachine.Cancel(state, Start).Result;
                            break;
                        case 5 when end is null && data > 7:
                            state = VolumeMachine.BeginErasure(state, [], Start).Result;
                            break;
                    }

                    if (end is not null) Assert.Equal((end, before.Snapshots.Length, before.Head), (state.Copy!.Stage, state.Snapshots.Length, state.Head));
                    if (state.Copy!.Stage != SnapshotCopyState.Copying) end = state.Copy.Stage;
                    Assert.Equal(end == SnapshotCopyState.Completed, state.Snapshots.Any(snapshot => snapshot is { SnapshotId: "snap-2", Stage: PendingStage.Completed }));
                    Assert.Equal(end is not null, state.DeletedAt is not null);
                    Assert.Equal(end is SnapshotCopyState.Failed or SnapshotCopyState.Cancelled, state.ErasureBegunAt is not null);
                }
            },
            iter: 3000);

    [Fact]
    public void A_complete_copy_is_not_cancelled_and_a_failed_one_leaves_the_list()
    {
        var complete = CopyMachine.Committed(Begun, Empty, 5, isWhole: true, Start).Next!;
        Assert.Equal(ErrorCodes.InvalidState, Assert.Throws<TidegateException>(() => CopyMachine.Cancel(complete, Start)).Code);
        Assert.NotNull(VolumeRow.Of("vol-9", complete));
        Assert.Null(VolumeRow.Of("vol-9", complete with { IsDrained = true }));
        var failed = CopyMachine.Fail(Begun, "gone", Start).Next!;
        Assert.NotNull(VolumeRow.Of("vol-9", failed));
        Assert.Null(VolumeRow.Of("vol-9", CopyMachine.Cancel(failed, Start).Next!));
        Assert.Null(VolumeRow.Of("vol-9", CopyMachine.Cancel(Begun, Start).Next!));
    }
}
