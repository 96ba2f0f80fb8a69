using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;
using Xunit;

namespace Tidegate.Tests.Unit.Volumes;

/// <summary>The data key is rotated under a writing agent, whose recorded cuts must keep their digests (I3, I8).</summary>
public sealed class KeyRotationTests
{
    private const long SizeBytes = 2 << 20;

    [Fact]
    public async Task An_agent_goes_on_under_the_new_key_whatever_was_sealed_uploaded_or_recorded_before()
    {
        for (var seed = 0; seed < 8; seed++)
        {
            var service = new ModelService("vol-00000000000000000009", SizeBytes, seed);
            (service.Faults.ReplyLost, service.Faults.TransferLost) = (0.1, 0.2);
            var writer = new SequentialWriter(SizeBytes, seed);
            var disk = LockedDisk.Seeded(seed);
            await using (var agent = AgentVolume.Open(service, disk))
            {
                for (var i = 0; i < 4; i++)
                {
                    await writer.StepsAsync(agent.Device, 40);
                    service.RotateKey();
                }
                await agent.DrainAsync();
                Assert.Equal(await agent.ReadAsync(), await service.ReadAsync(service.Head.ToImage()));
            }
            Assert.Equal(5, service.Head.KeyGeneration);
            // Every epoch has one generation, and no sequence is committed twice.
            var committed = service.Heads.Select(head => head.CommittedSequence).ToArray();
            Assert.Equal(committed.Order(), committed);
            Assert.Contains(writer.Completed, writer.PrefixesOf(await service.ReadAsync(service.Head.ToImage())));
        }
    }
}
