using Tidegate.BlockStore.Formats;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;
using Xunit;

namespace Tidegate.Tests.Unit.Volumes;

/// <summary>Damaged blocks are written anew from the local copy while a host goes on writing (issue: scrub).</summary>
public sealed class RefreshTests
{
    private const long SizeBytes = 2 << 20;

    [Fact]
    public async Task What_is_damaged_at_the_service_is_readable_again_and_no_write_is_overtaken()
    {
        for (var seed = 0; seed < 6; seed++)
        {
            var service = new ModelService("vol-00000000000000000011", SizeBytes, seed);
            var writer = new SequentialWriter(SizeBytes, seed);
            await using var agent = AgentVolume.Open(service, LockedDisk.Seeded(seed));
            await writer.StepsAsync(agent.Device, 60);
            await agent.DrainAsync();
            foreach (var key in service.Store.Keys.Where(key => !key.Contains("/tail/", StringComparison.Ordinal)))
                service.Store.Tamper(key, bytes =>
                {
                    // The first frame begins behind the header; a segment may have none.
                    if (bytes.Length > 1024) bytes[260] ^= 1;
                    return bytes;
                });
            await Assert.ThrowsAsync<CorruptDataException>(() => service.ReadAsync(service.Head.ToImage()));

            var writing = writer.StepsAsync(agent.Device, 40);
            await agent.Host.RefreshAsync([.. Enumerable.Range(-1, (int)(SizeBytes >> 16) + 2)], CancellationToken.None);
            await writing;
            await agent.DrainAsync();
            var image = await service.ReadAsync(service.Head.ToImage());
            Assert.Equal(await agent.ReadAsync(), image);
            Assert.Contains(writer.Completed, writer.PrefixesOf(image));
        }
    }

    [Fact]
    public async Task A_volume_that_is_not_served_or_not_whole_repairs_nothing()
    {
        var service = new ModelService("vol-00000000000000000012", SizeBytes, 1);
        var agent = AgentVolume.Open(service, LockedDisk.Seeded(1));
        await agent.DisposeAsync();
        var refused = await Assert.ThrowsAsync<TidegateException>(() => agent.Host.RefreshAsync([0], CancellationToken.None));
        Assert.Equal(ErrorCodes.InvalidState, refused.Code);
    }
}
