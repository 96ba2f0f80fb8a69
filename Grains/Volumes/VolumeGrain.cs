using Tidegate.BlockStore;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Manifests;
using Tidegate.Grains.Accounts;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Keys;
using Tidegate.Grains.Scrub;
using Tidegate.Grains.Security;
using Tidegate.Grains.Snapshots.Groups;
using Tidegate.Grains.Volumes.Copies;
using Tidegate.Grains.Volumes.Work;

namespace Tidegate.Grains.Volumes;

/// <summary>
/// A volume: its life (this part), its head and agent (Data), its snapshots (Snapshots), what it owes others (Settle). The
/// head is changed by <see cref="HeadMachine"/>; what a change needs in the bucket is stored before its save.
/// </summary>
[GrainType("volume")]
internal sealed partial class VolumeGrain(
    [PersistentState("volume", "state")] IPersistentState<VolumeState> storage, AggregateServices services, VolumeServices host, WorkPool pool)
    : AggregateGrain<VolumeState>(storage, services), IVolumeGrain, IVolumeDataGrain, IVolumeSnapshots, IVolumeLineage, IVolumeWorkGrain, IVolumeKeyring,
        IScrubbedVolume, IVolumeCopy, ISnapshotCopyGrain, IGroupedVolume
{
    private string What => $"Volume {Key}";

    /// <inheritdoc />
    public async Task<VolumeDescription> Create(VolumeSpecification specification)
    {
        Authorisation.Require(Roles.Admins, specification.AccountId, $"Account {specification.AccountId}");
        if (State.Specification is { } known) Authorisation.Require(Roles.Admins, known.AccountId, What);
        var gateway = GrainFactory.GetGrain<IGatewayGrain>(specification.GatewayId);
        if ((await gateway.Describe()).AccountId != specification.AccountId) throw Authorisation.NotFound($"Gateway {specification.GatewayId}");
        specification = await WithAdoptedSizeAsync(specification, gateway);
        await SaveChangeAsync((state, now) => VolumeMachine.Intend(state, specification, now));
        // An intention that has stood too long is given up while settling: not while it is being carried out.
        if (State.Head.Length == 0) await WhileUnsettledAsync(FoundAsync);
        if (!State.IsAttached) await AttachOrDeleteAsync();
        await SettleQuietlyAsync();
        return await Describe();
    }

    /// <inheritdoc />
    public async Task<VolumeDescription> Describe()
    {
        var specification = RequireOwner(Roles.Readers);
        var head = HeadOf(State);
        var gateway = await GatewayOrNullAsync(specification.GatewayId);
        return new VolumeDescription(
            Key,
            specification.AccountId,
            specification.GatewayId,
            specification.Name,
            head.SizeBytes,
            specification.SourceSnapshotId,
            head.Epoch,
            head.CommittedSequence,
            head.CommittedSequence > 0 ? head.CommittedAt : null,
            State.CreatedAt,
            gateway?.Volumes.FirstOrDefault(status => status.VolumeId == Key))
        {
            Scrub = State.Scrub?.Summary,
            RestoredPoint = State.RestoredPoint,
            RecoveryPointObjectiveSeconds = VolumeMachine.ObjectiveOf(State),
            Alarms = gateway?.Alarms.FirstOrDefault(entry => entry.VolumeId == Key)?.Alarms ?? VolumeAlarms.None,
        };
    }

    /// <inheritdoc />
    public async Task<VolumeDescription> SetRecoveryPointObjective(int seconds)
    {
        RequireOwner(Roles.Admins);
        await ChangeAsync((state, _) => VolumeMachine.SetObjective(state, seconds));
        return await Describe();
    }

    /// <inheritdoc />
    public async Task Delete()
    {
        if (State.DeletedAt is null) RequireOwner(Roles.Admins);
        else Authorisation.Require(Roles.Admins, State.Specification!.AccountId, What, Key);
        await ChangeAsync(VolumeMachine.Delete);
    }

    /// <inheritdoc />
    public async Task<CloneOrigin> PinForClone(string snapshotId, string cloneVolumeId)
    {
        // A deleted volume's snapshots stay readable, so deletion does not matter here.
        if (State.Head.Length == 0) throw Authorisation.NotFound(What);
        Authorisation.Require(Roles.Admins, State.Specification!.AccountId, What, Key);
        var image = await PinAsync(snapshotId, cloneVolumeId);
        await SettleQuietlyAsync();
        return new CloneOrigin(image.Encode(), image.SizeBytes, State.Keys);
    }

    /// <inheritdoc />
    protected override string OwnerOf(VolumeState state) => state.Specification?.AccountId ?? "";

    /// <inheritdoc />
    protected override object? RowOf(VolumeState state) => VolumeRow.Of(Key, state);

    private VolumeSpecification RequireOwner(IReadOnlyList<Role> roles)
    {
        if (State is not { DeletedAt: null, Copy: null, Head.Length: > 0, Specification: { } known }) throw Authorisation.NotFound(What);
        Authorisation.Require(roles, known.AccountId, What, Key);
        return known;
    }

    // The intention is saved: a crash anywhere in here leaves nothing that it does not lead back to.
    private async Task FoundAsync()
    {
        if (State.Head.Length > 0) return;
        var specification = State.Specification ?? throw new TidegateException(ErrorCodes.Unavailable, $"The intention to make volume {Key} was given up.", "Try again.");
        await Names.ReserveAsync(GrainFactory, specification.AccountId, Names.Volume, specification.Name, Key);
        try
        {
            var lineage = new LineageId(specification.AccountId, Key);
            var own = await VolumeKeys.MakeAsync(host.Keys, lineage, 1);
            if (specification is { SourceSnapshotId.Length: 0, SourcePoint: null })
            {
                await SaveFirstHeadAsync(HeadMachine.Create(lineage, 1, specification.SizeBytes), [own], []);
                return;
            }

            var origin = await PinOriginAsync(specification);
            var image = ImageDescriptor.Decode(origin.ImageDescriptor);
            await SaveFirstHeadAsync(HeadMachine.CreateClone(lineage, 1, image), [own, .. origin.Keys], origin.ImageDescriptor, origin.Point);
        }
        catch (TidegateException)
        {
            await AbandonIntentionAsync(specification);
            throw;
        }
    }

    private async Task SaveFirstHeadAsync(
        VolumeHead head, IReadOnlyList<WrappedLineageKey> keys, byte[] originImage, RestoredPoint? point = null)
    {
        var unwrapped = await VolumeKeys.UnwrapAsync(host.Keys, keys);
        head = head.WithManifest(unwrapped.Sealer);
        await StoreManifestAsync(head, unwrapped);
        await SaveChangeAsync((state, _) => VolumeMachine.Created(state, head, keys, originImage, point));
    }

    private async Task<CloneOrigin> PinOriginAsync(VolumeSpecification specification)
    {
        if (specification.SourcePoint is { } from)
        {
            var point = await GrainFactory.GetGrain<IVolumeGrain>(from.VolumeId).PinPointForClone(from.Point, Key);
            if (specification.SizeBytes == 0 || specification.SizeBytes == point.SizeBytes) return point;
            throw Arguments.Invalid($"A volume made from this recovery point has its size, {point.SizeBytes} bytes.");
        }

        var source = await GrainFactory.GetGrain<ISnapshotGrain>(specification.SourceSnapshotId).Describe();
        if (source.AccountId != specification.AccountId) throw Authorisation.NotFound($"Snapshot {specification.SourceSnapshotId}");
        if (source.State != SnapshotState.Completed)
        {
            throw new TidegateException(ErrorCodes.InvalidState, $"Snapshot {source.SnapshotId} is not complete.", "Wait until it is complete, then try again.");
        }

        if (specification.SizeBytes != 0 && specification.SizeBytes != source.SizeBytes)
        {
            throw Arguments.Invalid($"A volume made from this snapshot has its size, {source.SizeBytes} bytes.");
        }

        return await GrainFactory.GetGrain<IVolumeGrain>(source.VolumeId).PinForClone(specification.SourceSnapshotId, Key);
    }

    private async Task AttachOrDeleteAsync()
    {
        try
        {
            await AttachToGatewayAsync();
        }
        catch (TidegateException refused) when (refused.Code is ErrorCodes.LimitExceeded or ErrorCodes.NotFound)
        {
            await ChangeAsync(VolumeMachine.Delete);
            throw;
        }
    }

    private async Task AbandonIntentionAsync(VolumeSpecification specification)
    {
        await Names.Grain(GrainFactory, specification.AccountId, Names.Volume, specification.Name).Release(Key);
        // The first manifest is stored before its save, with a key that nothing will ever be sealed with.
        await HeadManifest.PruneAsync(host.Blobs, new LineageId(specification.AccountId, Key), long.MaxValue);
        await ForgetAsync();
    }

    private async Task<GatewayDescription?> GatewayOrNullAsync(string gatewayId)
    {
        try
        {
            return await GrainFactory.GetGrain<IGatewayGrain>(gatewayId).Describe();
        }
        catch (TidegateException gone) when (gone.Code == ErrorCodes.NotFound)
        {
            return null;
        }
    }
}
