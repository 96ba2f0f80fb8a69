using CsCheck;
using Tidegate.Grains.Accounts;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

public sealed class KeyRotationMachineTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    [InlineData(7, 8)]
    public void A_rotation_goes_to_the_next_generation_and_one_under_way_goes_on(int current, int expected)
    {
        var begun = KeyRotationMachine.Begin(new AccountState { Name = "a" }, current, Start);
        Assert.Equal(expected, begun.Next!.Rotation!.Generation);
        Assert.Equal("account.key-rotation-begun", Assert.Single(begun.Events).Kind);
        Assert.Null(KeyRotationMachine.Begin(begun.Next, current + 1, Start.AddDays(1)).Next);
    }

    [Fact]
    public void The_old_key_is_retired_only_after_a_pass_that_found_nothing_begun_a_grace_after_one_without_failures() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 2], Gen.Int[0, 9]).Array[1, 40].SampleFixed(
            passes =>
            {
                var (state, now) = (KeyRotationMachine.Begin(new AccountState { Name = "a" }, 1, Start).Next!, Start);
                DateTimeOffset? cleanSince = null;
                foreach (var (keys, failure, units) in passes)
                {
                    var begunAt = now;
                    for (var unit = 0; unit <= units; unit++)
                    {
                        var problem = unit == 0 && failure == 2 ? new string('x', 1000) : "";
                        state = KeyRotationMachine.Advanced(state, state.Rotation!, $"vol-{unit}", 1, units + 1, unit == 0 ? keys : 0, problem).Next!;
                        now += TimeSpan.FromSeconds(1);
                    }

                    if (KeyRotationMachine.IsClean(state.Rotation!))
                    {
                        Assert.True(keys == 0 && failure != 2);
                        Assert.True(cleanSince is { } since && begunAt - since >= KeyRotationMachine.Grace);
                        Assert.Null(KeyRotationMachine.PassEnded(state, state.Rotation!, now).Next);
                        var done = KeyRotationMachine.Completed(state, state.Rotation!, now);
                        Assert.Equal((KeyRotationStage.Completed, now), (done.Next!.Rotation!.Stage, done.Next.Rotation.CompletedAt!.Value));
                        return;
                    }

                    state = KeyRotationMachine.PassEnded(state, state.Rotation!, now).Next!;
                    cleanSince = failure == 2 ? null : now;
                    now = state.Rotation!.NextPassAt!.Value;
                    state = KeyRotationMachine.PassBegun(state, state.Rotation).Next!;
                }
            },
            iter: 2000);

    [Fact]
    public void What_another_activation_saved_meanwhile_wins()
    {
        var state = KeyRotationMachine.Begin(new AccountState { Name = "a" }, 1, Start).Next!;
        var stale = state.Rotation!;
        state = KeyRotationMachine.Advanced(state, stale, "vol-1", 1, 1, 1, "").Next!;
        Assert.Null(KeyRotationMachine.Advanced(state, stale, "vol-0", 1, 1, 1, "").Next);
        Assert.Null(KeyRotationMachine.PassEnded(state, stale, Start).Next);
        Assert.Null(KeyRotationMachine.PassBegun(state, stale).Next);
        Assert.Null(KeyRotationMachine.Completed(state, stale, Start).Next);
    }
}
