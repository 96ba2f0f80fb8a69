using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;
using Tidegate.Tests.Kit.Time;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.Pipeline;

/// <summary>
/// A volume's whole way: written through lives that end by power loss at any call to the disk, shadowed to a service that loses
/// calls and answers, snapshotted, then restored to another agent that crashes as well. Faults, crashes and work follow from
/// the seed; threads are real, so their order does not.
/// </summary>
internal sealed class PipelineSimulation(int seed, Action<SimulatedDiskPlan>? planted = null)
{
    private const long SizeBytes = (1 << 20) + 8192;
    private const int Lives = 3;

    private readonly Random _random = new(seed);
    private readonly Dictionary<string, (int Acknowledged, int Issued)> _snapshots = [];

    /// <summary>Recoveries that were checked.</summary>
    internal int Recoveries { get; private set; }

    internal async Task RunAsync()
    {
        var service = WithFaults(new ModelService("vol-00000000000000000101", SizeBytes, seed));
        var writer = new SequentialWriter(SizeBytes, seed);
        await LiveAsync(service, writer, "");
        await CheckHeadsAsync(service, writer);
        var contents = new Dictionary<string, byte[]>();
        foreach (var (id, image) in service.Snapshots)
        {
            contents[id] = await service.ReadAsync(image);
            var prefixes = writer.PrefixesOf(contents[id]);
            if (_snapshots.TryGetValue(id, out var point) && !prefixes.Any(count => count >= point.Acknowledged && count <= point.Issued))
                throw new Violation($"snapshot {id} is the volume after [{string.Join(", ", prefixes)}] operations, not {point.Acknowledged} to {point.Issued} (M2.8)");
        }
        if (_snapshots.Keys.Except(contents.Keys).FirstOrDefault() is { } lost)
            throw new Violation($"snapshot {lost} was acknowledged and never completed (I4)");
        if (contents.Count == 0)
            return;

        var (source, content) = contents.ElementAt(_random.Next(contents.Count));
        _snapshots.Clear();
        var clone = WithFaults(service.Clone("vol-00000000000000000102", source, seed + 1));
        var restored = new SequentialWriter(SizeBytes, seed + 1);
        restored.StartFrom(content);
        await LiveAsync(clone, restored, source);
        foreach (var (id, image) in service.Snapshots)
        {
            var now = await service.ReadAsync(image);
            if (!now.AsSpan().SequenceEqual(contents[id]))
                throw new Violation($"snapshot {id} changed after it was completed (I4)");
        }
    }

    private ModelService WithFaults(ModelService service)
    {
        (service.Faults.CallLost, service.Faults.ReplyLost) = (_random.NextDouble() * 0.3, _random.NextDouble() * 0.3);
        (service.Faults.TransferLost, service.Faults.TransferReplyLost) = (_random.NextDouble() * 0.3, _random.NextDouble() * 0.3);
        return service;
    }

    /// <summary>Several lives that end by power loss, then one that drains and is held against the service.</summary>
    private async Task LiveAsync(ModelService service, SequentialWriter writer, string source)
    {
        var disk = new LockedDisk(new SimulatedDisk(new Random(_random.Next()), NewPlan()));
        for (var life = 0; life < Lives; life++)
        {
            disk.Inner.Plan.CrashAtCall = disk.Inner.Calls + 1 + _random.Next(1 << _random.Next(3, 9));
            AgentVolume? agent = null;
            var flushed = 0;
            try
            {
                agent = AgentVolume.Open(service, disk, source);
                while (true)
                {
                    await writer.StepAsync(agent.Device).OrHungAsync();
                    if (_random.Next(12) == 0)
                        await SnapshotAsync(agent, writer);
                    if (_random.Next(4) != 0)
                        continue;
                    await agent.Device.FlushAsync(CancellationToken.None).AsTask().OrHungAsync();
                    flushed = writer.Completed;
                }
            }
            catch (Exception) when (disk.Inner.HasCrashed)
            {
                // The planned end of this life, whatever of it goes on waiting for a dead disk.
            }
            flushed = Math.Max(flushed, _snapshots.Count == 0 ? 0 : _snapshots.Values.Max(point => point.Acknowledged));
            disk = agent is null ? disk.Restart(NewPlan()) : await agent.CrashAsync(NewPlan()).OrHungAsync();
            await using var recovered = AgentVolume.Open(service, disk, source);
            Recover(writer, recovered.Status, await recovered.ReadAsync().OrHungAsync(), flushed);
        }
        await using var last = AgentVolume.Open(service, disk, source);
        await writer.StepAsync(last.Device).OrHungAsync();
        await last.Host.WaitRestoredAsync(CancellationToken.None).OrHungAsync();
        await last.DrainAsync();
        var local = await last.ReadAsync().OrHungAsync();
        if (!writer.PrefixesOf(local).Contains(writer.Issued))
            throw new Violation("the volume is not what its writer wrote (I2, I13)");
        var remote = await service.ReadAsync(service.Head.ToImage());
        if (!remote.AsSpan().SequenceEqual(local))
            throw new Violation("drained, the service's image is not the volume (I3)");
        if (last.Status.State != VolumeRunState.Shadowing)
            throw new Violation($"the volume ends as {last.Status.State}: {last.Status.Reason}");
    }

    private async Task SnapshotAsync(AgentVolume agent, SequentialWriter writer)
    {
        var id = $"snap-{_snapshots.Count}-{writer.Issued}";
        var acknowledged = writer.Completed;
        try
        {
            await agent.Host.TakeSnapshotAsync(id, CancellationToken.None).OrHungAsync();
        }
        catch (TidegateException) when (agent.Disk.Inner.HasCrashed)
        {
            return;
        }
        _snapshots[id] = (acknowledged, writer.Issued);
    }

    private void Recover(SequentialWriter writer, VolumeStatus status, byte[] image, int flushed)
    {
        Recoveries++;
        if (status.State is VolumeRunState.Failed or VolumeRunState.Diverged)
            throw new Violation($"the recovered volume is {status.State}: {status.Reason}");
        try
        {
            writer.Recover(image, flushed);
        }
        catch (InvalidOperationException lost)
        {
            throw new Violation($"{lost.Message} (I1, I2, I3)");
        }
    }

    /// <summary>I3: every head that was ever saved is a prefix of the write order, and they go forward.</summary>
    private static async Task CheckHeadsAsync(ModelService service, SequentialWriter writer)
    {
        var last = 0;
        foreach (var head in service.Heads)
        {
            var prefixes = writer.PrefixesOf(await service.ReadAsync(head.ToImage()));
            var next = prefixes.Where(count => count >= last).DefaultIfEmpty(-1).First();
            last = next >= 0 ? next : throw new Violation($"head {head.Version} is no later prefix of the write order (I3)");
        }
    }

    private SimulatedDiskPlan NewPlan()
    {
        var plan = new SimulatedDiskPlan();
        planted?.Invoke(plan);
        return plan;
    }
}
