using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;

namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>
/// Several volumes of one agent on one machine, over many lives: they share the uplink with its limit, the link, the threads that seal and the turns of
/// fills, some of them begin as adopted images, and logs fill up while the link is away. Each life ends with the machine's power lost at any call to any
/// disk, with the process killed, or in order. Held are: what was flushed of every volume (I1, I2), the bound on fills, groups of snapshots at one point
/// (M2.8), and that in the end the service has every volume as its hosts see it (I3), none having starved.
/// </summary>
internal sealed partial class SeveralVolumesSimulation
{
    internal const int VolumeBytes = (256 << 10) + 8192;
    private const int Units = VolumeBytes / ClientModel.UnitBytes;
    /// <summary>The last sector of each volume belongs to who writes to all of them in turn.</summary>
    private const int OwnUnits = Units - 8;
    private const int MaxSteps = 200_000;
    private const int Lives = 4;
    private const string Image = "image";

    private readonly int _seed;
    private readonly SeveralVolumesBug _bug;
    private readonly Random _random;
    private readonly bool _passes;
    private readonly int _fillsAtOnce;
    private readonly List<Member> _members = [];
    private readonly List<Group> _groups = [];
    private readonly Dictionary<string, int> _events = [];
    private DateTimeOffset _now = DateTimeOffset.UnixEpoch;
    private bool _cacheSurvived;

    private SeveralVolumesSimulation(int seed, SeveralVolumesBug bug)
    {
        (_seed, _bug, _random) = (seed, bug, new Random(seed));
        _passes = _random.Next(2) == 0;
        _fillsAtOnce = _random.Next(1, 3);
        var count = _random.Next(2, 5);
        for (var i = 0; i < count; i++)
            _members.Add(new Member($"vol-0000000000000000040{i}", seed + i, isAdopted: _random.Next(2) == 0, NewDisk()));
    }

    /// <summary>Runs a seed: the promise that did not hold or null, how many recoveries were checked, and what happened how often.</summary>
    internal static (string? Failure, int Recoveries, IReadOnlyDictionary<string, int> Events) Run(int seed, SeveralVolumesBug bug = SeveralVolumesBug.None)
    {
        var simulation = new SeveralVolumesSimulation(seed, bug);
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        string? failure = null;
        try
        {
            for (var life = 0; life <= Lives; life++)
                new AgentLife(simulation, life, new Random(unchecked((seed * 1_000_003) ^ (life * 7919)))).Run();
        }
        catch (Violation violation)
        {
            failure = violation.Message;
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
        return (failure, simulation._members.Count * Lives, simulation._events);
    }

    private SimulatedDisk NewDisk() => new(new Random(_random.Next()), NewPlan());

    // See the simulation of one volume: a cached sector takes a mark as long as there is power.
    private static SimulatedDiskPlan NewPlan() => new() { CachedSector = (GatewayAgent.Devices.DirtyMap.FileName, GatewayAgent.Devices.DirtyMapFormat.UnsyncedAt) };

    private void Note(string what) => _events[what] = _events.GetValueOrDefault(what) + 1;

    /// <summary>A group that was answered with its barriers is one point of all volumes, once it is complete.</summary>
    private void CheckGroups(bool isEnd)
    {
        foreach (var group in _groups.ToList())
        {
            // What goes past its log afterwards gives its uncommitted barriers up to the publication.
            if (!group.Passes.SequenceEqual(_members.Select(static member => member.Passes)))
            {
                _groups.Remove(group);
                continue;
            }
            if (!_members.TrueForAll(member => member.Service.Snapshots.ContainsKey(group.IdOf(member))))
            {
                if (isEnd) throw new Violation($"group {group.Id} was acknowledged and never completed (M2.8)");
                continue;
            }
            _groups.Remove(group);
            var marks = _members.ConvertAll(member =>
                ClientModel.Decode(member.Service.ReadAsync(member.Service.Snapshots[group.IdOf(member)]).GetAwaiter().GetResult())[OwnUnits]);
            for (var i = 1; i < marks.Count; i++)
            {
                if (marks[i] > marks[i - 1] || marks[0] - marks[i] > 1)
                    throw new Violation($"group {group.Id} is not one point of its volumes: {string.Join(", ", marks)} (M2.8)");
            }
            Note("a group is complete");
        }
    }

    private static VolumeOptions Options(Random random, bool passes) => new()
    {
        LogCapacityBytes = 128 << 10,
        CloseTimeout = TimeSpan.FromMilliseconds(1),
        Shadow = new ShadowOptions
        {
            SegmentBytes = 24 << 10,
            RangeBytes = 40 << 10,
            FillBytes = 64 << 10,
            Objective = TimeSpan.FromMilliseconds(40),
            MaxInFlight = 2,
            MaxUncommitted = 4,
            PassAfterStall = passes ? TimeSpan.FromMilliseconds(400) : TimeSpan.FromDays(3650),
            PassAtFill = 0.5,
            FirstCatchUpDelay = TimeSpan.FromMilliseconds(200),
            LongestCatchUpDelay = TimeSpan.FromSeconds(2),
            FirstDelay = TimeSpan.FromMilliseconds(1),
            LongestDelay = TimeSpan.FromMilliseconds(500),
            Jitter = random,
        },
    };

    /// <summary>One volume through all lives.</summary>
    private sealed class Member
    {
        internal Member(string volumeId, int seed, bool isAdopted, SimulatedDisk disk)
        {
            (VolumeId, IsAdopted, Disk) = (volumeId, isAdopted, disk);
            Service = new ModelService(volumeId, VolumeBytes, seed);
            if (!isAdopted) return;
            var content = new byte[VolumeBytes];
            var state = new int[Units];
            Array.Fill(state, 7_000_000, 0, OwnUnits);
            System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(content.AsSpan(0, OwnUnits * ClientModel.UnitBytes)).Fill(7_000_000);
            using var image = disk.Open(Image, VolumeBytes);
            image.Write(0, content);
            image.SyncData();
            disk.SyncDirectory();
            Model.Restart(state[..OwnUnits]);
        }

        internal string VolumeId { get; }

        internal bool IsAdopted { get; }

        internal ModelService Service { get; }

        internal ClientModel Model { get; } = new(OwnUnits);

        internal SimulatedDisk Disk { get; set; }

        internal int Passes { get; set; }
    }

    private sealed record Group(string Id, int[] Passes)
    {
        internal string IdOf(Member member) => $"{Id}-{member.VolumeId}";
    }

    /// <summary>The agent's one way to all buckets, with the bytes that it carries going by the uplink's limit.</summary>
    private sealed class SharedTransport(SeveralVolumesSimulation simulation, FillCount fills, ITransferTurn? turn) : IBlobTransport
    {
        public IBlobTransport By(ITransferTurn turn) => new SharedTransport(simulation, fills, turn);

        public async Task<bool> PutAsync(Grains.Interfaces.Volumes.BlobTicket ticket, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
        {
            var isFill = ticket.BlobKey.Contains("/fill-", StringComparison.Ordinal);
            if (isFill) fills.Enter();
            try
            {
                for (var left = content.Length; left > 0 && turn is not null;) left -= await turn.TakeAsync(left, cancellationToken);
                return await Of(ticket).PutAsync(ticket, content, cancellationToken);
            }
            finally
            {
                if (isFill) fills.Leave();
            }
        }

        public Task<int> GetRangeAsync(Grains.Interfaces.Volumes.BlobTicket ticket, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
            Of(ticket).GetRangeAsync(ticket, offset, buffer, cancellationToken);

        private IBlobTransport Of(Grains.Interfaces.Volumes.BlobTicket ticket) =>
            simulation._members.Single(member => ticket.BlobKey.Contains($"/{member.VolumeId}/", StringComparison.Ordinal)).Service.Transport();
    }

    /// <summary>Fills that are being stored now.</summary>
    private sealed class FillCount
    {
        private int _now;

        internal int Most { get; private set; }

        internal void Enter() => Most = Math.Max(Most, ++_now);

        internal void Leave() => _now--;
    }

    private sealed class ImagesOf(SeveralVolumesSimulation simulation) : IAdoptableStores
    {
        public IDiskFile Open(string path) => simulation._members.Single(member => member.VolumeId == path).Disk.Open(Image);
    }
}
