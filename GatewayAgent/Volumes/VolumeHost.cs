using System.Diagnostics.CodeAnalysis;
using System.Text;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Hooks;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Snapshots;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>
/// One volume of this gateway: opens or recovers its files, serves it, shadows it, restores it, says how it is. A volume that
/// cannot be served is still a host, with the reason.
/// </summary>
internal sealed partial class VolumeHost : IAsyncDisposable
{
    /// <summary>File whose existence says that the volume diverged; its content is the reason, for people.</summary>
    public const string DivergedFileName = "diverged";

    // A block of the service's map.
    private const long RefreshBytes = 64 << 10;

    private readonly VolumeEnvironment _environment;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    // Never disposed: nobody waits on their handles, and late callers must not meet a disposed one.
#pragma warning disable CA2213
    private readonly SemaphoreSlim _closing = new(1);
    private readonly SemaphoreSlim _barriers = new(1);
#pragma warning restore CA2213
    private readonly SnapshotExports _snapshots;
    private readonly Dictionary<string, SnapshotBarrier> _answered = [];
    private readonly Func<IDisk> _openDisk;
    private IDisk? _files;
    private VolumeAttachment _attachment;
    private Served? _served;
    private (VolumeRunState State, string Reason)? _ended;
    private (VolumeRunState State, DateTimeOffset Since)? _seen;

    private VolumeHost(VolumeAttachment attachment, Func<IDisk> disk, VolumeEnvironment environment)
    {
        (_attachment, _openDisk, _environment) = (attachment, disk, environment);
        _logger = environment.Loggers.CreateLogger<VolumeHost>();
        _snapshots = new SnapshotExports(attachment.VolumeId, environment);
    }

    /// <summary>The volume.</summary>
    public string VolumeId => _attachment.VolumeId;

    /// <summary>Its name, as last configured.</summary>
    public string Name => _attachment.Name;

    /// <summary>Raised when the export appears or goes, on any thread.</summary>
    public event Action? ExportChanged;

    /// <summary>True when its files could not be opened: whoever opens the volume again, in place of this one, may succeed.</summary>
    public bool CouldNotOpen { get; private init; }

    /// <summary>
    /// Creates the volume's files or recovers them, and starts to serve. Never throws for what is wrong with the volume itself, its directory
    /// (<paramref name="disk"/>) included.
    /// </summary>
    public static VolumeHost Open(VolumeAttachment attachment, Func<IDisk> disk, VolumeEnvironment environment)
    {
        var host = new VolumeHost(attachment, disk, environment);
        try
        {
            host.OpenFiles();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or InvalidDataException)
        {
            VolumeLog.Failed(host._logger, host.VolumeId, error.Message, error);
            return new VolumeHost(attachment, disk, environment) { CouldNotOpen = true, _ended = (VolumeRunState.Failed, error.Message) };
        }
        return host;
    }

    /// <summary>The export, or null while the volume cannot serve.</summary>
    public ExportDescription? Export
    {
        get
        {
            lock (_gate)
                return _served is { } served ? new ExportDescription(VolumeId, _attachment.Name, served.Volume.SizeBytes, served.Volume.IsReadOnly) : null;
        }
    }

    /// <summary>What is served; null while nothing is. For who looks at the log.</summary>
    internal LoggedVolume? Volume
    {
        get
        {
            lock (_gate)
                return _served?.Volume;
        }
    }

    /// <summary>Takes a lease; false while the volume cannot serve.</summary>
    public bool TryOpenExport([NotNullWhen(true)] out IExportLease? lease)
    {
        lock (_gate)
        {
            lease = null;
            return _served is { } served && served.Leases.TryTake(Export!, out lease);
        }
    }

    /// <summary>Takes a lease of one of the volume's snapshots, whether or not the volume itself is served; false when it has none of that id.</summary>
    /// <exception cref="ExportException">The snapshot cannot be opened now.</exception>
    public bool TryOpenSnapshot(string snapshotId, string exportName, [NotNullWhen(true)] out IExportLease? lease) =>
        _snapshots.TryOpen(snapshotId, exportName, out lease);

    /// <summary>Takes over a changed name; a greater size grows the volume. One that cannot grow is stopped and says why in its status.</summary>
    public async Task UpdateAsync(VolumeAttachment attachment, CancellationToken cancellationToken)
    {
        Served? served;
        bool renamed;
        lock (_gate)
        {
            renamed = _attachment.Name != attachment.Name;
            _attachment = attachment;
            served = _served;
        }
        if (served is not null && attachment.RecoveryPointObjectiveSeconds > 0)
            served.Pipeline.Objective = SealDeadline.Of(attachment.RecoveryPointObjectiveSeconds);
        var grown = served is not null && attachment.SizeBytes > served.Volume.SizeBytes;
        if (grown)
        {
            try
            {
                await served!.Volume.GrowAsync(attachment.SizeBytes, cancellationToken);
            }
            catch (BlockDeviceException failure)
            {
                VolumeLog.NotGrown(_logger, VolumeId, served!.Volume.SizeBytes, attachment.SizeBytes, failure.Message);
            }
        }
        if (renamed || grown)
            ExportChanged?.Invoke();
    }

    /// <summary>Writes blocks anew from the local copy; see <see cref="Link.IGatewayVolumes.RefreshAsync"/>.</summary>
    /// <exception cref="TidegateException"><c>InvalidState</c>: the volume is not served, or not all of it is here.</exception>
    public async Task<BlocksRefreshed> RefreshAsync(IReadOnlyList<long> blocks, CancellationToken cancellationToken)
    {
        // While a volume is being restored the image is the truth of what is absent here: it has nothing to repair it with.
        if (_served is not { IsRestoring: false } served)
        {
            var status = Status([]);
            throw new TidegateException(ErrorCodes.InvalidState, $"Volume '{VolumeId}' is {status.State}: {status.Reason}", "Wait until all of it is at the gateway.");
        }
        var volume = served.Volume;
        foreach (var block in blocks)
        {
            var offset = block * RefreshBytes;
            if (block < 0 || offset >= volume.SizeBytes) continue;
            await volume.RefreshAsync(offset, (int)Math.Min(RefreshBytes, volume.SizeBytes - offset), cancellationToken);
        }
        await volume.FlushAsync(cancellationToken);
        return new BlocksRefreshed(blocks.Count);
    }

    /// <summary>Waits for its turn to take part in a round of snapshots (M2.8).</summary>
    /// <exception cref="TidegateException"><c>InvalidState</c>: the volume is not served.</exception>
    public async Task<SnapshotSeat> EnterRoundAsync(string snapshotId, CancellationToken cancellationToken)
    {
        await _barriers.WaitAsync(cancellationToken);
        try
        {
            var status = Status([]);
            if (_served is { } served)
            {
                // Also of one that is being restored: what the service lacks besides the log is what counts.
                var isShadowing = !served.Volume.Dirty.IsTracking;
                return new SnapshotSeat(
                    new HookVolume(VolumeId, Name, snapshotId), served.Volume.Log, served.Pipeline, isShadowing,
                    $"Volume '{Name}' is {status.State}{(status.Reason.Length > 0 ? $": {status.Reason}" : "")}", _answered, () => _barriers.Release());
            }
            throw new TidegateException(
                ErrorCodes.InvalidState, $"Volume '{VolumeId}' is not served by its gateway: {status.Reason}", "Look at the volume's state, then try again.");
        }
        catch
        {
            // Without a seat nobody else gives it back, and the volume would never close.
            _barriers.Release();
            throw;
        }
    }

    /// <summary>Takes a snapshot of this volume alone; see <see cref="SnapshotRound"/>.</summary>
    public Task<SnapshotBarrier> TakeSnapshotAsync(string snapshotId, CancellationToken cancellationToken) =>
        new SnapshotRound(_environment.Hooks, _logger).TakeAsync(this, snapshotId, cancellationToken);

    /// <summary>Completes when the service has everything that was written; at once when the volume is not served.</summary>
    public Task WaitCommittedAsync(CancellationToken cancellationToken) => _served?.Pipeline.WaitIdleAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>Completes when every byte is in the local store; at once when the volume is not being restored.</summary>
    public Task WaitRestoredAsync(CancellationToken cancellationToken) => _served?.Hydrator?.Completion.WaitAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>What has gone through it since it was opened; null while it is not served.</summary>
    public VolumeTraffic? Traffic => _served is { Volume.Log: var log, Leases.Meter: var meter, Pipeline: var pipeline }
        ? new VolumeTraffic(meter.ReadBytes, meter.WrittenBytes, pipeline.Status.UploadedBytes, log.CapacityBytes)
        : null;

    /// <summary>The volume now, as its gateway sees it.</summary>
    public VolumeStatus Status(IReadOnlyList<string> servingAt)
    {
        Served? served;
        (VolumeRunState State, string Reason)? ended;
        VolumeAttachment attachment;
        lock (_gate)
            (served, ended, attachment) = (_served, _ended, _attachment);
        if (served is null)
        {
            var (endState, endReason) = ended ?? (VolumeRunState.Stopped, "");
            return new VolumeStatus(VolumeId, endState, endReason, 0, 0, [], 0, attachment.SizeBytes) { Since = SinceOf(endState) };
        }
        var shadow = served.Pipeline.Status;
        var isRestoring = served.IsRestoring;
        var failure = served.Volume.Failure;
        var state = failure is not null || shadow.State == ShadowState.Failed ? VolumeRunState.Failed
            : served.Volume.IsPast ? VolumeRunState.PassThrough
            : isRestoring ? VolumeRunState.Restoring
            : shadow.DirtyReason == DirtyReason.Adopted ? VolumeRunState.Bootstrapping
            : shadow.IsCatchingUp ? VolumeRunState.CatchingUp
            : VolumeRunState.Shadowing;
        var reason = failure?.Message
            ?? Array.Find([served.Volume.Shortage, shadow.Reason, isRestoring ? served.Hydrator!.Reason : ""], static why => why.Length > 0) ?? "";
        var size = served.Volume.SizeBytes;
        return new VolumeStatus(
            VolumeId, state, reason, shadow.BacklogBytes, shadow.RecoveryPointAge.TotalSeconds, servingAt,
            isRestoring ? served.Hydrator!.PresentBytes : size, size)
        {
            Since = state == VolumeRunState.PassThrough ? served.Volume.Log.PassedSince : SinceOf(state),
            CopiedBytes = shadow.Copying?.CopiedBytes ?? 0,
            LeftBytes = shadow.Copying?.LeftBytes ?? 0,
            RemainingSeconds = shadow.Copying?.Remaining?.TotalSeconds,
            Alarms = _alarms.Raised,
            LogFill = ReadingOf(served).LogFill,
            RecoveryPointObjectiveSeconds = (int)Math.Ceiling(served.Pipeline.Objective.TotalSeconds),
        };
    }

    /// <summary>Stops serving: sessions are asked to close, what was acknowledged is applied, files are closed and kept.</summary>
    public async ValueTask DisposeAsync()
    {
        _snapshots.Dispose();
        await CloseAsync(VolumeRunState.Stopped, "");
        VolumeLog.Stopped(_logger, VolumeId);
    }

    /// <summary>Since when it is seen in a state: it is looked at every few seconds.</summary>
    private DateTimeOffset SinceOf(VolumeRunState state)
    {
        lock (_gate)
        {
            if (_seen is not { } seen || seen.State != state)
                _seen = seen = (state, _environment.Time.GetUtcNow());
            return seen.Since;
        }
    }

    private IDisk Files => _files ??= _openDisk();

    private VolumeFiles VolumeFiles => new(_attachment, Files, _environment);

    private void OpenFiles()
    {
        var end = new DivergenceEnd(VolumeFiles, VolumeId, _environment.Time);
        // A process that died in between had the owner's word.
        if (end.IsPending)
            end.CarryOutAsync().GetAwaiter().GetResult();
        if (Files.Exists(DivergedFileName))
        {
            _ended = (VolumeRunState.Diverged, ReadDiverged());
            return;
        }
        var logger = _environment.Loggers.CreateLogger<ShadowPipeline>();
        var service = _environment.ServiceOf(VolumeId);
        var (volume, hydrator, map) = VolumeFiles.Open();
        var uploads = _environment.Uplink.Uploads.NewFlow();
        var pipeline = new ShadowPipeline(
            volume.Log, service, _environment.Blobs, _environment.Workers, _environment.Options.Shadow, _environment.Time, logger,
            _environment.Nonces)
        {
            Volume = volume,
            Pace = uploads,
            Fills = _environment.Fills,
        };
        if (_attachment.RecoveryPointObjectiveSeconds > 0)
            pipeline.Objective = SealDeadline.Of(_attachment.RecoveryPointObjectiveSeconds);
        pipeline.Ended += (state, reason) => _ = OnShadowEndedAsync(state, reason);
        _served = new Served(volume, pipeline, hydrator, map, new ExportLeases(volume), uploads);
        hydrator?.Start(volume);
        pipeline.Start();
        VolumeLog.Serving(_logger, VolumeId, _attachment.Name, volume.SizeBytes, hydrator is not null);
    }

    /// <summary>Ends the volume's divergence as its owner said, and serves it again; see <see cref="Link.IGatewayVolumes.ResolveDivergenceAsync"/>.</summary>
    public async Task<DivergenceResolved> ResolveDivergenceAsync(ResolveDivergenceRequest request)
    {
        await _closing.WaitAsync();
        try
        {
            if (_served is not null || _ended is not { State: VolumeRunState.Diverged })
                throw new TidegateException(ErrorCodes.InvalidState, $"Volume '{VolumeId}' is not diverged at its gateway.", "Look at its state.");
            var end = new DivergenceEnd(VolumeFiles, VolumeId, _environment.Time);
            end.Note(request);
            var aside = await end.CarryOutAsync();
            OpenFiles();
            lock (_gate)
                _ended = null;
            VolumeLog.DivergenceEnded(_logger, VolumeId, request.Keep);
            ExportChanged?.Invoke();
            return new DivergenceResolved(aside);
        }
        catch (IOException fault)
        {
            throw new TidegateException(ErrorCodes.InvalidState, $"The divergence of volume '{VolumeId}' could not be ended: {fault.Message}", "What is decided stays so: it is carried out when the agent starts again.");
        }
        finally
        {
            _closing.Release();
        }
    }

    private async Task OnShadowEndedAsync(ShadowState state, string reason)
    {
        if (state != ShadowState.Diverged)
        {
            ExportChanged?.Invoke();
            return;
        }
        try
        {
            MarkDiverged(reason);
        }
        catch (IOException error)
        {
            VolumeLog.Failed(_logger, VolumeId, error.Message, error);
        }
        await CloseAsync(VolumeRunState.Diverged, reason);
        ExportChanged?.Invoke();
    }

    private async Task CloseAsync(VolumeRunState state, string reason)
    {
        await _closing.WaitAsync();
        try
        {
            Served? served;
            lock (_gate)
            {
                served = _served;
                if (served is not null)
                    _ended = (state, reason);
            }
            if (served is null)
                return;
            if (!await served.Leases.RevokeAsync(_environment.Options.CloseTimeout, _environment.Time))
                VolumeLog.SessionsLeft(_logger, VolumeId);
            // Whoever takes a snapshot now finishes before the log closes.
            await _barriers.WaitAsync();
            lock (_gate)
                _served = null;
            _barriers.Release();
            await served.Pipeline.DisposeAsync();
            if (served.Hydrator is not null)
                await served.Hydrator.DisposeAsync();
            await served.Volume.DisposeAsync();
            served.Map?.Dispose();
            served.Leases.Dispose();
        }
        finally
        {
            _closing.Release();
        }
    }

    private void MarkDiverged(string reason)
    {
        using (var file = Files.Open(DivergedFileName))
        {
            file.Write(0, Encoding.UTF8.GetBytes(reason));
            file.SyncData();
        }
        Files.SyncDirectory();
    }

    private string ReadDiverged() => VolumeFiles.ReadText(DivergedFileName) is { Length: > 0 } reason ? reason : "The log's history is not the volume's.";

    private sealed record Served(LoggedVolume Volume, ShadowPipeline Pipeline, Hydrator? Hydrator, PresenceMap? Map, ExportLeases Leases, TransferFlow Uploads)
    {
        public bool IsRestoring => Hydrator is { Completion.IsCompleted: false };
    }
}
