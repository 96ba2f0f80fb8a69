using CsCheck;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Snapshots.Offers;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

public sealed class SnapshotOfferMachineTests
{
    private const string To = "210987654321";

    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly SnapshotOfferRequest Request = new("snap-1", To, TimeSpan.FromDays(1));
    private static readonly SnapshotDescription Snapshot =
        new("snap-1", "123456789012", "vol-1", "mine", SnapshotState.Completed, 1, Start, Start, 1 << 20, 7, "");

    private static SavedOffer Made => SnapshotOfferMachine.Make(new SavedOffer(), Request, Snapshot, Start).Next!;

    [Fact]
    public void An_offer_is_of_a_complete_snapshot_to_an_account_for_a_bounded_time_and_made_once()
    {
        Assert.Null(SnapshotOfferMachine.Make(Made, Request, Snapshot, Start).Next);
        Refused(ErrorCodes.InvalidState, () => SnapshotOfferMachine.Make(Made, Request with { ToAccountId = "210987654322" }, Snapshot, Start));
        Refused(ErrorCodes.InvalidState, () => SnapshotOfferMachine.Make(new SavedOffer(), Request, Snapshot with { State = SnapshotState.Uploading }, Start));
        foreach (var to in (string[])["", "12345678901", "12345678901x", "123456789012/.."])
            Refused(ErrorCodes.InvalidArgument, () => SnapshotOfferMachine.Make(new SavedOffer(), Request with { ToAccountId = to }, Snapshot, Start));
        foreach (var validity in (TimeSpan[])[TimeSpan.Zero, TimeSpan.FromSeconds(59), TimeSpan.FromDays(91), -TimeSpan.FromDays(1)])
            Refused(ErrorCodes.InvalidArgument, () => SnapshotOfferMachine.Make(new SavedOffer(), Request with { Validity = validity }, Snapshot, Start));
    }

    [Fact]
    public void I10_Whatever_happens_one_copy_at_most_completes_and_never_after_a_revocation_that_was_told() =>
        Gen.Select(Gen.Int[0, 6], Gen.Int[0, 2], Gen.Int[0, 6]).Array[1, 40].SampleFixed(
            moves =>
            {
                var (state, now) = (Made, Start);
                string? completed = null;
                var (isRevoked, accepted) = (false, new HashSet<string>());
                foreach (var (move, number, hours) in moves)
                {
                    var copy = $"vol-{number}";
                    now += TimeSpan.FromHours(hours);
                    var before = state;
                    switch (move)
                    {
                        case 0:
                            try
                            {
                                state = SnapshotOfferMachine.Accept(state, copy, $"snap-{number}", "", now).Result;
                            }
                            catch (TidegateException)
                            {
                                // Too late, or taken back.
                                Assert.True(isRevoked || now >= Made.ExpiresAt);
                            }

                            if (before.CopyId.Length == 0 && state.CopyId.Length > 0) Assert.True(now < Made.ExpiresAt && !isRevoked);
                            break;
                        case 1:
                            state = Next(state, SnapshotOfferMachine.Revoke(state));
                            isRevoked |= state.Stage == SnapshotOfferState.Revoked;
                            break;
                        case 2:
                            var concluded = SnapshotOfferMachine.Conclude(state, copy);
                            state = concluded.Next ?? state;
                            if (concluded.Result is not null) break;
                            Assert.False(isRevoked);
                            Assert.True(completed is null || completed == copy);
                            completed = copy;
                            break;
                        case 3:
                            state = Next(state, SnapshotOfferMachine.Expire(state, now));
                            break;
                        case 4:
                            state = Next(state, SnapshotOfferMachine.CopyBegun(state));
                            break;
                        case 5:
                            if (completed is null) state = Next(state, SnapshotOfferMachine.Fail(state, copy, "gone"));
                            break;
                        default:
                            Assert.Equal(state.Stage is SnapshotOfferState.Accepted or SnapshotOfferState.Completed && state.CopyId == copy, SnapshotOfferMachine.RefusalOf(state, copy) is null);
                            break;
                    }

                    if (state.CopyId.Length > 0) accepted.Add(state.CopyId);
                    Assert.InRange(accepted.Count, 0, 1);
                    if (completed is not null) Assert.Equal(SnapshotOfferState.Completed, state.Stage);
                }
            },
            iter: 5000);

    [Fact]
    public void I14_A_repeat_changes_nothing_and_is_not_told_twice()
    {
        var accepted = SnapshotOfferMachine.Accept(Made, "vol-1", "snap-2", "", Start).Next!;
        Assert.Null(SnapshotOfferMachine.Accept(accepted, "vol-1", "snap-2", "", Start).Next);
        Assert.Null(SnapshotOfferMachine.Accept(accepted, "vol-9", "snap-9", "", Start.AddDays(9)).Next);
        var done = SnapshotOfferMachine.Conclude(accepted, "vol-1").Next!;
        Assert.Null(SnapshotOfferMachine.Conclude(done, "vol-1").Next);
        var failed = SnapshotOfferMachine.Fail(accepted, "vol-1", new string('x', 999)).Next!;
        Assert.Equal(SnapshotOfferMachine.MaxReasonLength, failed.FailureReason.Length);
        Assert.Null(SnapshotOfferMachine.Fail(failed, "vol-1", "again").Next);
        var revoked = SnapshotOfferMachine.Revoke(accepted).Next!;
        Assert.Null(SnapshotOfferMachine.Revoke(revoked).Next);
        Assert.Null(SnapshotOfferMachine.Fail(revoked, "vol-1", "revoked").Next);
        Assert.Null(SnapshotOfferMachine.Expire(revoked, Start.AddDays(9)).Next);
    }

    private static SavedOffer Next(SavedOffer state, Change<SavedOffer, SavedOffer> change) => change.Next ?? state;

    private static void Refused(string code, Action call) => Assert.Equal(code, Assert.Throws<TidegateException>(call).Code);
}
