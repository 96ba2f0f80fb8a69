using System.Net;
using CsCheck;
using Tidegate.Grains.Gateways.Holders;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

/// <summary>The holder's registration: what orders connections, and whose end counts.</summary>
public sealed class HolderMachineTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly SiloAddress Here = SiloAddress.New(IPAddress.Loopback, 1, 1);
    private static readonly SiloAddress There = SiloAddress.New(IPAddress.Loopback, 2, 1);

    [Fact]
    public void Generations_only_grow_whatever_the_clock_does_and_whichever_activation_issues_them()
    {
        // Each step: seconds that the clock moves by, whether the activation is lost, whether a link was opened since.
        var steps = Gen.Select(Gen.Int[-3600, 3600], Gen.Bool, Gen.Bool).Array[1, 50];
        steps.SampleFixed(
            run =>
            {
                var (state, saved, newest, now) = (HolderState.Unknown, 0L, 0L, Start);
                foreach (var (seconds, isLost, isOpened) in run)
                {
                    (state, var bound) = HolderMachine.Bind(state, Here, "A", "client", saved, now);
                    Assert.True(bound!.Generation > newest);
                    newest = bound.Generation;
                    Assert.Equal(bound, state.Current);
                    if (isOpened) saved = newest;
                    now = now.AddSeconds(seconds);
                    // What was bound and never opened is forgotten with the activation; there the clock alone keeps the order.
                    if (isLost && isOpened) state = HolderState.Unknown;
                }
            },
            iter: 200);
    }

    [Fact]
    public void A_client_id_in_use_is_not_given_to_another_certificate()
    {
        var (state, bound) = HolderMachine.Bind(HolderState.Unknown, Here, "A", "client", 0, Start);
        var (after, refused) = HolderMachine.Bind(state, There, "B", "client", 0, Start);
        Assert.Null(refused);
        Assert.Same(state, after);
        Assert.NotNull(HolderMachine.Bind(HolderMachine.Release(state, bound!.Generation), There, "B", "client", 0, Start).Bound);
        Assert.NotNull(HolderMachine.Bind(state, There, "B", "another", 0, Start).Bound);
    }

    [Fact]
    public void The_end_of_an_older_connection_leaves_the_newer_registered()
    {
        var (state, older) = HolderMachine.Bind(HolderState.Unknown, Here, "A", "client", 0, Start);
        (state, var newer) = HolderMachine.Bind(state, There, "A", "client", 0, Start);
        Assert.Equal(newer, HolderMachine.Release(state, older!.Generation).Current);
        var released = HolderMachine.Release(state, newer!.Generation);
        Assert.Null(released.Current);
        Assert.True(HolderMachine.Bind(released, Here, "A", "client", 0, Start).Bound!.Generation > newer.Generation);
    }

    [Fact]
    public void What_a_registry_says_counts_unless_a_newer_connection_is_registered()
    {
        var held = new LinkHolding(There, "A", "client", 7);
        Assert.Equal(new HolderState(held, 7), HolderMachine.Found(HolderState.Unknown, held));
        Assert.Equal(held, HolderMachine.Found(new HolderState(held with { Silo = Here, Generation = 6 }, 6), held).Current);
        var newer = new HolderState(held with { Silo = Here, Generation = 8 }, 8);
        Assert.Same(newer, HolderMachine.Found(newer, held));
        // The newer one has ended meanwhile: the older is the holder again, and its generation is not issued again.
        Assert.Equal(new HolderState(held, 8), HolderMachine.Found(new HolderState(null, 8), held));
    }
}
