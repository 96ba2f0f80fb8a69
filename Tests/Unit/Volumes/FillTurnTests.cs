using System.Collections.Concurrent;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Volumes;

/// <summary>Several volumes bootstrap or catch up at once (M2.6), with as many fills in memory as the agent may hold and no more.</summary>
public sealed class FillTurnTests
{
    private const string Image = "image";
    private const int SizeBytes = 1 << 20;
    private const int FillBytes = 128 << 10;
    private const int FillsOfAVolume = SizeBytes / FillBytes;

    private readonly ConcurrentQueue<string> _stored = new();
    private int _underWay;
    private int _most;

    [Fact]
    public async Task Fills_of_several_volumes_are_under_way_at_once_and_never_more_than_there_are_turns()
    {
        const int Volumes = 6;
        const int AtOnce = 3;
        var allThere = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // Nobody's first fill is stored before as many volumes are at it as there are turns: one after the other they would never get on.
        var agents = Open(Volumes, new FillTurns(AtOnce), beforeStored: () =>
        {
            if (Volatile.Read(ref _underWay) == AtOnce) allThere.TrySetResult();
            return allThere.Task.OrHungAsync();
        });
        foreach (var (service, agent, content) in agents)
        {
            await agent.Host.WaitCommittedAsync(CancellationToken.None).OrHungAsync();
            Assert.Equal(VolumeRunState.Shadowing, agent.Status.State);
            Assert.Equal(content, await service.ReadAsync(service.Head.ToImage()));
        }
        Assert.Equal(AtOnce, _most);
        Assert.Equal(Volumes * FillsOfAVolume, _stored.Count);
        foreach (var (_, agent, _) in agents) await agent.DisposeAsync();
    }

    [Fact]
    public async Task Turns_are_given_in_the_order_in_which_they_were_asked_for_so_that_nobody_waits_for_the_end_of_another()
    {
        var turns = new FillTurns(1);
        var first = await turns.TakeAsync(CancellationToken.None);
        using var gone = new CancellationTokenSource();
        var (second, cancelled, third) = (turns.TakeAsync(CancellationToken.None).AsTask(), turns.TakeAsync(gone.Token).AsTask(), turns.TakeAsync(CancellationToken.None).AsTask());
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.OrHungAsync());
        first.Dispose();
        first.Dispose();
        var again = turns.TakeAsync(CancellationToken.None).AsTask();
        var next = await second.OrHungAsync();
        Assert.False(third.IsCompleted || again.IsCompleted);
        next.Dispose();
        next = await third.OrHungAsync();
        Assert.False(again.IsCompleted);
        next.Dispose();
        (await again.OrHungAsync()).Dispose();
    }

    [Fact]
    public async Task A_volume_that_is_closed_while_it_waits_or_fills_gives_its_turn_back()
    {
        var turns = new FillTurns(1);
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var filling = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var agents = Open(2, turns, beforeStored: () =>
        {
            filling.TrySetResult();
            return held.Task;
        });
        await filling.Task.OrHungAsync();
        foreach (var (_, agent, _) in agents) await agent.DisposeAsync().AsTask().OrHungAsync();
        using var free = await turns.TakeAsync(CancellationToken.None).AsTask().OrHungAsync();
    }

    private List<(ModelService Service, AgentVolume Agent, byte[] Content)> Open(int volumes, FillTurns turns, Func<Task> beforeStored)
    {
        var agents = new List<(ModelService, AgentVolume, byte[])>();
        for (var i = 0; i < volumes; i++)
        {
            var service = new ModelService($"vol-0000000000000000006{i}", SizeBytes, seed: i);
            service.BeforePut = async key =>
            {
                // Segments of the log have no turns.
                if (!key.Contains("/fill-", StringComparison.Ordinal)) return;
                var now = Interlocked.Increment(ref _underWay);
                for (var most = Volatile.Read(ref _most); now > most; most = Volatile.Read(ref _most)) Interlocked.CompareExchange(ref _most, now, most);
                try
                {
                    await beforeStored();
                    _stored.Enqueue(service.VolumeId);
                }
                finally
                {
                    Interlocked.Decrement(ref _underWay);
                }
            };
            var disk = LockedDisk.Seeded(i);
            var content = new byte[SizeBytes];
            new Random(i).NextBytes(content);
            using (var image = disk.Open(Image, SizeBytes)) image.Write(0, content);
            agents.Add((service, AgentVolume.Open(service, disk, options: Options(), adopts: Image, fills: turns), content));
        }
        return agents;
    }

    private static VolumeOptions Options()
    {
        var options = AgentVolume.Options();
        options.Shadow.FillBytes = FillBytes;
        return options;
    }
}
