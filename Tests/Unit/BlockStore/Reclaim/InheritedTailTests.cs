using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Reclaim;

/// <summary>
/// A clone that folds what it inherited writes its first root for its sequence 0, where images stand that have its origin's root. These never
/// reach a page of the new one, and hold none.
/// </summary>
public sealed class InheritedTailTests
{
    [Fact]
    public async Task What_holds_an_inherited_image_holds_nothing_of_the_clones_first_root()
    {
        var origin = new VolumeScenario();
        origin.Write(3, 40);
        await origin.CommitAsync();
        await origin.FoldAsync();
        origin.Write(20, 30);
        await origin.CommitAsync("cut");
        var clone = await origin.CloneAsync("vol-2", "cut");
        await clone.SaveAsync(Tidegate.BlockStore.Heads.HeadMachine.Snapshot(clone.Head, "first"));
        clone.SnapshotModels["first"] = clone.PointModels[0];
        var second = await clone.CloneAsync("vol-3", "first");
        await clone.FoldAsync();
        await ReclaimScenario.VerifyAsync(clone);
        await ReclaimScenario.DeleteAsync(clone, "first");
        clone.Write(0, 100);
        await clone.CommitAsync();
        await clone.FoldAsync();
        await clone.BuryAsync();
        await ReclaimScenario.VerifyAsync(clone);
        Assert.DoesNotContain(clone.Store.Keys, key => key.Contains("vol-2/map/0000000000000000-", StringComparison.Ordinal));
        await second.VerifyAsync();
    }
}
