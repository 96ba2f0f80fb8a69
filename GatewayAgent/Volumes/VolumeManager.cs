using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.GatewayAgent.Snapshots;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>
/// All volumes of this gateway: brings them towards the desired configuration, keeps a durable copy of it so that a restart
/// needs no link, and exports them by name (M1.8, M2.1). One per process.
/// </summary>
internal sealed class VolumeManager : IVolumeHost, IExportSource
{
    private static readonly TimeSpan FirstOpenAgain = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LastOpenAgain = TimeSpan.FromMinutes(10);

    /// <summary>Between a volume's name and a snapshot's id in the name of an export.</summary>
    private const char SnapshotMark = '@';

    private readonly IVolumeStorage _storage;
    private readonly ConfigurationStore _store;
    private readonly VolumeEnvironment _environment;
    private readonly Func<string, IReadOnlyList<string>> _servingAt;
    private readonly ILogger _logger;
    // Never disposed: nobody waits on its handle, and late callers must not meet a disposed one.
#pragma warning disable CA2213
    private readonly SemaphoreSlim _reconciling = new(1);
#pragma warning restore CA2213
    private volatile IReadOnlyDictionary<string, VolumeHost> _hosts = new Dictionary<string, VolumeHost>();
    private readonly SnapshotRound _rounds;
    private readonly ITimer _openAgain;
    private readonly ITimer _watch;
    private TimeSpan _openAgainIn = FirstOpenAgain;
    private GatewayConfiguration? _applied;
    private bool _disposed;

    /// <summary><paramref name="servingAt"/> says where an export is reached, as URIs.</summary>
    public VolumeManager(IVolumeStorage storage, VolumeEnvironment environment, Func<string, IReadOnlyList<string>> servingAt)
    {
        (_storage, _environment, _servingAt) = (storage, environment, servingAt);
        _store = new ConfigurationStore(storage.OpenRoot());
        _logger = environment.Loggers.CreateLogger<VolumeManager>();
        _rounds = new SnapshotRound(environment.Hooks, _logger);
        _openAgain = environment.Time.CreateTimer(
            static manager => _ = ((VolumeManager)manager!).OpenAgainAsync(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _watch = environment.Time.CreateTimer(static manager => ((VolumeManager)manager!).Watch(), this, AlarmMachine.Interval, AlarmMachine.Interval);
    }

    /// <inheritdoc/>
    public event EventHandler? Changed;

    /// <inheritdoc/>
    public IExportSource Exports => this;

    /// <inheritdoc/>
    public long AppliedConfigurationVersion => Volatile.Read(ref _applied)?.Version ?? 0;

    /// <summary>Starts what the stored configuration names. Throws <see cref="InvalidDataException"/> when it cannot be read.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // While volumes open: an application may have to be awake for its disk to be asked for.
        var thawing = _environment.Hooks.ThawLeftAsync();
        if (_store.Load() is { } stored)
            await ReconcileAsync(stored, isNew: false, cancellationToken);
        await thawing;
    }

    /// <summary>Takes over a configuration from the service: durable, then applied. An older one, or the same, changes nothing.</summary>
    public Task ApplyAsync(GatewayConfiguration configuration, CancellationToken cancellationToken) =>
        ReconcileAsync(configuration, isNew: true, cancellationToken);

    /// <summary>Takes a snapshot's barrier on a volume (M2.8).</summary>
    /// <exception cref="TidegateException"><c>InvalidState</c>.</exception>
    public Task<SnapshotBarrier> TakeBarrierAsync(string volumeId, string snapshotId, CancellationToken cancellationToken) =>
        _rounds.TakeAsync(Host(volumeId), snapshotId, cancellationToken);

    /// <inheritdoc/>
    public Task<GroupBarriers> TakeGroupAsync(string groupId, IReadOnlyList<GroupMember> members, CancellationToken cancellationToken)
    {
        if (members.Count is 0 or > GroupSnapshotRequest.MaxMembers || members.DistinctBy(static member => member.VolumeId).Count() < members.Count)
            throw new TidegateException(ErrorCodes.InvalidArgument, $"A group has 1 to {GroupSnapshotRequest.MaxMembers} volumes, each once.");
        return _rounds.TakeAsync(groupId, [.. members.Select(member => (Host(member.VolumeId), member.SnapshotId))], cancellationToken);
    }

    /// <inheritdoc/>
    public Task<BlocksRefreshed> RefreshAsync(string volumeId, IReadOnlyList<long> blocks, CancellationToken cancellationToken) =>
        Host(volumeId).RefreshAsync(blocks, cancellationToken);

    /// <inheritdoc/>
    public Task<DivergenceResolved> ResolveDivergenceAsync(ResolveDivergenceRequest request) =>
        Host(request.VolumeId).ResolveDivergenceAsync(request);

    /// <inheritdoc/>
    public StoreInspection InspectStore(string path)
    {
        try
        {
            using var store = _environment.Adoptable.Open(path);
            return new StoreInspection(store.SizeBytes);
        }
        catch (IOException refused)
        {
            throw new TidegateException(ErrorCodes.InvalidArgument, refused.Message);
        }
    }

    // The service knows the volume to be this gateway's, or it would not ask.
    private VolumeHost Host(string volumeId) => _hosts.TryGetValue(volumeId, out var host)
        ? host
        : throw new TidegateException(ErrorCodes.InvalidState, $"The gateway does not serve volume '{volumeId}' yet. Wait until its state says that it does, then try again.");

    /// <inheritdoc/>
    public IReadOnlyList<NamedVolumeStatus> GetStatuses() =>
        [.. _hosts.Values.OrderBy(static host => host.Name, StringComparer.Ordinal)
            .Select(host => new NamedVolumeStatus(host.Name, host.Status(host.Export is { } export ? _servingAt(export.Name) : [])) { Traffic = host.Traffic })];

    /// <inheritdoc/>
    public IReadOnlyList<ExportDescription> List() =>
        [.. _hosts.Values.Select(static host => host.Export).OfType<ExportDescription>().OrderBy(static export => export.Name, StringComparer.Ordinal)];

    /// <inheritdoc/>
    public bool TryOpen(string name, [NotNullWhen(true)] out IExportLease? lease)
    {
        lease = null;
        if (_hosts.Values.FirstOrDefault(host => host.Export?.Name == name) is { } host)
            return host.TryOpenExport(out lease);
        return name.LastIndexOf(SnapshotMark) is var mark and > 0
            && _hosts.Values.FirstOrDefault(host => host.Name == name[..mark]) is { } volume
            && volume.TryOpenSnapshot(name[(mark + 1)..], name, out lease);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        _environment.Workers.Dispose();
        _environment.Uplink.Dispose();
    }

    /// <summary>Stops every volume; files and configuration stay. What was acknowledged is durable, whether or not the service has it.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _reconciling.WaitAsync(cancellationToken);
        try
        {
            _disposed = true;
            await _openAgain.DisposeAsync();
            await _watch.DisposeAsync();
            await Task.WhenAll(_hosts.Values.Select(static host => host.DisposeAsync().AsTask()));
            _hosts = new Dictionary<string, VolumeHost>();
        }
        finally
        {
            _reconciling.Release();
        }
        Changed?.Invoke(this, EventArgs.Empty);
    }

    private async Task ReconcileAsync(GatewayConfiguration configuration, bool isNew, CancellationToken cancellationToken)
    {
        await _reconciling.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_applied is { } applied && applied.Version >= configuration.Version)
                return;
            if (isNew)
                _store.Save(configuration);
            _environment.Uplink.Configure(configuration);
            await StopLeftOutAsync(configuration);
            await StartOrUpdateAsync(configuration, cancellationToken);
            Volatile.Write(ref _applied, configuration);
            _openAgainIn = FirstOpenAgain;
            OpenAgainLater();
            VolumeLog.Applied(_logger, configuration.Version, configuration.Volumes.Count);
        }
        finally
        {
            _reconciling.Release();
        }
        Changed?.Invoke(this, EventArgs.Empty);
    }

    // A disk may have room again, or be back: what could not be opened is tried again, more and more seldom.
    private void OpenAgainLater()
    {
        if (_hosts.Values.Any(static host => host.CouldNotOpen))
            _openAgain.Change(_openAgainIn, Timeout.InfiniteTimeSpan);
    }

    private void Watch()
    {
        var readings = _hosts.Values.Select(static host => host.Watch()).OfType<VolumeReading>().ToList();
        UplinkMetrics.Record(readings, _environment.Uplink, _hosts.Values.Sum(static host => BitOperations.PopCount((uint)host.Alarms)));
    }

    private async Task OpenAgainAsync()
    {
        await _reconciling.WaitAsync();
        try
        {
            if (_disposed || _applied is not { } configuration)
                return;
            await StartOrUpdateAsync(configuration, CancellationToken.None);
            _openAgainIn = _openAgainIn * 2 < LastOpenAgain ? _openAgainIn * 2 : LastOpenAgain;
            OpenAgainLater();
        }
        finally
        {
            _reconciling.Release();
        }
        Changed?.Invoke(this, EventArgs.Empty);
    }

    private async Task StopLeftOutAsync(GatewayConfiguration configuration)
    {
        var wanted = configuration.Volumes.Select(static volume => volume.VolumeId).ToHashSet();
        var leaving = _hosts.Values.Where(host => !wanted.Contains(host.VolumeId)).ToList();
        _hosts = _hosts.Where(pair => wanted.Contains(pair.Key)).ToDictionary();
        await Task.WhenAll(leaving.Select(static host => host.DisposeAsync().AsTask()));
    }

    private async Task StartOrUpdateAsync(GatewayConfiguration configuration, CancellationToken cancellationToken)
    {
        var hosts = new Dictionary<string, VolumeHost>(_hosts);
        var opening = new List<Task<VolumeHost>>();
        foreach (var attachment in configuration.Volumes)
        {
            if (!hosts.TryGetValue(attachment.VolumeId, out var known) || known.CouldNotOpen)
                opening.Add(Task.Run(() => Open(attachment), cancellationToken));
        }
        foreach (var host in await Task.WhenAll(opening))
            hosts[host.VolumeId] = host;
        _hosts = hosts;
        // Also those just opened: the service may have grown one while this agent was away.
        foreach (var attachment in configuration.Volumes)
            await hosts[attachment.VolumeId].UpdateAsync(attachment, cancellationToken);
    }

    private VolumeHost Open(VolumeAttachment attachment)
    {
        var host = VolumeHost.Open(attachment, () => _storage.OpenVolume(attachment.VolumeId), _environment);
        host.ExportChanged += () => Changed?.Invoke(this, EventArgs.Empty);
        return host;
    }
}
