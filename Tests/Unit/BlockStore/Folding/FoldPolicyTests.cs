using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Heads;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Folding;

/// <summary>A fold costs the pages that it writes again: it is done when these are little beside the data, or when it must be.</summary>
public sealed class FoldPolicyTests
{
    private const int Leaf = 512 * 16;
    private const int Leaves = 20;

    [Fact]
    public async Task Writes_side_by_side_are_folded_at_once()
    {
        var volume = new VolumeScenario();
        for (var i = 0; i < 200; i++) volume.Write(i * 16, 16);
        await volume.CommitAsync();
        Assert.True(await FoldPolicy.IsWorthItAsync(volume.Head, volume.Segments));
    }

    [Fact]
    public async Task Writes_scattered_over_leaves_that_are_full_wait()
    {
        var volume = await FilledAsync();
        for (var leaf = 0; leaf < Leaves; leaf++) volume.Write((leaf * Leaf) + 3, 1);
        await volume.CommitAsync();
        Assert.False(await FoldPolicy.IsWorthItAsync(volume.Head, volume.Segments));
        await volume.FoldAsync();
        Assert.Equal(0, volume.Head.Tail.Count);
        await volume.VerifyAsync();
    }

    [Fact]
    public async Task A_tail_that_is_nearly_full_is_folded_whatever_it_costs()
    {
        var volume = await FilledAsync();
        for (var i = 0; i < FoldPolicy.FullSegments; i++)
        {
            volume.Write((i % Leaves * Leaf) + (i % 160), 1);
            await volume.CommitAsync();
            if (i == FoldPolicy.FullSegments - 2) Assert.False(await FoldPolicy.IsWorthItAsync(volume.Head, volume.Segments));
        }
        Assert.True(volume.Head.Tail.Count < Tail.MaxSegments);
        Assert.True(await FoldPolicy.IsWorthItAsync(volume.Head, volume.Segments));
    }

    /// <summary>A folded volume of twenty leaves with 150 blocks each.</summary>
    private static async Task<VolumeScenario> FilledAsync()
    {
        var volume = new VolumeScenario();
        for (var leaf = 0; leaf < Leaves; leaf++)
            for (var block = 0; block < 150; block++) volume.Write((leaf * Leaf) + (block * 16), 1);
        await volume.CommitAsync();
        await volume.FoldAsync();
        return volume;
    }
}
