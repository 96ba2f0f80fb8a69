using CsCheck;
using Tidegate.BlockStore;
using Tidegate.BlockStore.Heads;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Volumes;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

public sealed class VolumeMachineTests
{
    private const long Size = 8 << 20;

    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly VolumeSpecification Specification = new("123456789012", "gw-1", "data", Size, "");
    private static readonly VolumeHead Empty = HeadMachine.Create(new LineageId("123456789012", "vol-1"), 1, Size);
    private static readonly WrappedLineageKey Key = new("123456789012", "vol-1", 1, new byte[61]);

    private static VolumeState Created => VolumeMachine.Created(
        VolumeMachine.Intend(new VolumeState(), Specification, Start).Next!, Empty, [Key], []).Next!;

    private static VolumeHead At(long sequence, long logEnd) => Empty with { CommittedSequence = sequence, CommittedLogEnd = logEnd };

    [Theory]
    [InlineData(0)]
    [InlineData(4096)]
    [InlineData((1 << 20) + 1)]
    [InlineData((16L << 40) + 4096)]
    [InlineData(-4096)]
    public void A_size_out_of_range_is_refused(long size) => Assert.Equal(
        ErrorCodes.InvalidArgument,
        Assert.Throws<TidegateException>(() => VolumeMachine.Intend(new VolumeState(), Specification with { SizeBytes = size }, Start)).Code);

    [Fact]
    public void Creation_is_idempotent_for_equal_specifications_alone()
    {
        Assert.Null(VolumeMachine.Intend(Created, Specification, Start).Next);
        Assert.Throws<TidegateException>(() => VolumeMachine.Intend(Created, Specification with { SizeBytes = 2 * Size }, Start));
        Assert.Throws<TidegateException>(() => VolumeMachine.Intend(VolumeMachine.Delete(Created, Start).Next!, Specification, Start));
    }

    [Fact]
    public void An_objective_is_told_to_the_gateway_and_the_same_again_is_not()
    {
        var attached = VolumeMachine.Attached(Created).Next!;
        Assert.Equal(60, VolumeMachine.ObjectiveOf(attached));
        Assert.Null(VolumeMachine.SetObjective(attached, 60).Next);
        var change = VolumeMachine.SetObjective(attached, 5);
        Assert.Equal((5, false, true), (VolumeMachine.ObjectiveOf(change.Next!), change.Next!.IsAttached, change.Owes));
        Assert.Equal("volume.objective-set", Assert.Single(change.Events).Kind);
        foreach (var seconds in new[] { 0, -1, 86401 })
            Assert.Equal(ErrorCodes.InvalidArgument, Assert.Throws<TidegateException>(() => VolumeMachine.SetObjective(attached, seconds)).Code);
    }

    [Fact]
    public void Keys_beyond_the_deepest_ancestry_are_refused() => Assert.Equal(
        ErrorCodes.LimitExceeded,
        Assert.Throws<TidegateException>(() => VolumeMachine.Created(
            VolumeMachine.Intend(new VolumeState(), Specification, Start).Next!, Empty, [.. Enumerable.Repeat(Key, VolumeMachine.MaxKeys + 1)], [])).Code);

    [Fact]
    public void M2_8_Whatever_happens_a_completed_snapshot_stays_complete_and_one_whose_barrier_was_passed_is_final() =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 5]).Array[1, 60].SampleFixed(
            moves =>
            {
                var (state, sequence, completed) = (Created, 0L, new HashSet<string>());
                foreach (var (move, number) in moves)
                {
                    var (id, logEnd) = ($"snap-{number}", sequence * 100);
                    switch (move)
                    {
                        case 0:
                            state = VolumeMachine.RequestSnapshot(state, At(sequence, logEnd), id, "", Start).Next ?? state;
                            break;
                        case 1 when VolumeMachine.Find(state, id) is { } asked:
                            state = VolumeMachine.BarrierTaken(state, asked, new SnapshotBarrier(id, 1, logEnd + 50, number == 5)).Next ?? state;
                            break;
                        case 2:
                            state = VolumeMachine.FailSnapshot(state, id, "test").Next ?? state;
                            break;
                        case 3:
                            state = VolumeMachine.AbandonSnapshot(state, id, "test").Next ?? state;
                            break;
                        case 4:
                            sequence++;
                            var announced = VolumeMachine.Announced(state, [id, "snap-unknown", id]);
                            state = VolumeMachine.Committed(state, At(sequence, sequence * 100), [.. announced.Select(named => (named, sequence, Start))]).Next!;
                            completed.UnionWith(announced);
                            break;
                    }

                    foreach (var pending in state.Snapshots)
                    {
                        Assert.Equal(completed.Contains(pending.SnapshotId), pending.Stage == PendingStage.Completed);
                        Assert.False(pending.Stage == PendingStage.Barrier && pending.LogPosition < sequence * 100);
                        Assert.InRange(VolumeMachine.ProgressOf(pending, sequence * 100), 0, 1);
                    }
                }
            },
            iter: 500);

    [Fact]
    public void M2_8_A_commit_may_complete_a_snapshot_before_the_barriers_reply_arrives()
    {
        var state = VolumeMachine.RequestSnapshot(Created, Empty, "snap-1", "", Start).Next!;
        var asked = Assert.Single(state.Snapshots);
        state = VolumeMachine.Committed(state, At(1, 100), [("snap-1", 1, Start)]).Next!;
        var late = VolumeMachine.BarrierTaken(state, asked, new SnapshotBarrier("snap-1", 1, 100, false));
        Assert.Null(late.Next);
        Assert.Equal(PendingStage.Completed, late.Result.Stage);

        // Handed over to its own grain as well, it is no more the volume's to know.
        state = VolumeMachine.SnapshotsRecorded(state, state.Snapshots).Next!;
        Assert.Null(VolumeMachine.BarrierTaken(state, asked, new SnapshotBarrier("snap-1", 1, 100, false)).Next);
    }

    [Fact]
    public void I11_The_33rd_pending_snapshot_is_refused()
    {
        var state = Created;
        for (var i = 0; i < VolumeMachine.MaxPendingSnapshots; i++) state = VolumeMachine.RequestSnapshot(state, Empty, $"snap-{i}", "", Start).Next!;
        var refused = Assert.Throws<TidegateException>(() => VolumeMachine.RequestSnapshot(state, Empty, "snap-x", "", Start));
        Assert.Equal(ErrorCodes.LimitExceeded, refused.Code);
    }

    [Fact]
    public void What_changed_while_it_was_being_recorded_is_recorded_again()
    {
        var state = VolumeMachine.RequestSnapshot(Created, Empty, "snap-1", "", Start).Next!;
        state = VolumeMachine.BarrierTaken(state, state.Snapshots[0], new SnapshotBarrier("snap-1", 1, 100, false)).Next!;
        var told = state.Snapshots.ToArray();
        state = VolumeMachine.Committed(state, At(1, 100), [("snap-1", 1, Start)]).Next!;
        state = VolumeMachine.SnapshotsRecorded(state, told).Next!;
        Assert.Equal(PendingStage.Completed, Assert.Single(state.Snapshots).Stage);
        Assert.Empty(VolumeMachine.SnapshotsRecorded(state, state.Snapshots).Next!.Snapshots);
    }

    [Fact]
    public void Many_snapshots_completed_by_one_commit_fit_one_save()
    {
        var state = Created;
        for (var i = 0; i < VolumeMachine.MaxPendingSnapshots; i++) state = VolumeMachine.RequestSnapshot(state, Empty, $"snap-{i}", "", Start).Next!;
        var commit = VolumeMachine.Committed(state, At(1, 100), [.. state.Snapshots.Select(pending => (pending.SnapshotId, 1L, Start))]);
        Assert.All(commit.Next!.Snapshots, pending => Assert.Equal(PendingStage.Completed, pending.Stage));
        Assert.Single(commit.Events);
    }
}
