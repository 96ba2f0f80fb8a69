using Tidegate.Grains.Gateways;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Volumes;

// The store at the gateway: one that was there before the volume, and one that has come apart from the image for good.
internal sealed partial class VolumeGrain
{
    /// <inheritdoc />
    public async Task<VolumeDescription> ResolveDivergence(DivergenceChoice keep, string snapshotId, string requestId)
    {
        var specification = RequireOwner(Roles.Admins);
        if (!Enum.IsDefined(keep)) throw Arguments.Invalid($"There is no copy '{keep}': it is local or service.");
        var gateway = GrainFactory.GetGrain<IGatewayGrain>(specification.GatewayId);
        var described = await gateway.Describe();
        // What an agent that is away said last may no longer be so.
        if (!described.IsConnected) throw LiveLink.NotConnected();
        var status = described.Volumes.FirstOrDefault(volume => volume.VolumeId == Key);
        if (status is not { State: VolumeRunState.Diverged })
            throw new TidegateException(
                ErrorCodes.InvalidState, $"{What} is not diverged: its gateway says {(status is null ? "nothing of it" : $"'{status.State}'")}.", "Only a diverged volume has two copies to choose from.");
        var (sequence, logEnd, digest, _) = TipOf(HeadOf(State));
        var source = "";
        if (keep == DivergenceChoice.Service && sequence > 0)
        {
            if (HeadOf(State).Staging is not null)
                throw new TidegateException(ErrorCodes.InvalidState, $"{What} is being put together by another copy of its log.", "Stop the other gateway process, or keep the local copy.");
            var kept = await CreateSnapshotOfPoint(snapshotId, "The volume when the service's copy was kept", new RecoveryPointSelector(null, sequence));
            source = kept.SnapshotId;
        }

        await SaveChangeAsync((state, _) => VolumeMachine.DivergenceEnds(state, keep, sequence, source, requestId));
        await gateway.ResolveDivergence(Key, keep, new VolumeTip(sequence, logEnd, sequence > 0 ? digest.ToArray() : [], HeadOf(State).Epoch), source, requestId);
        return await Describe();
    }

    // Asked before anything is saved: what the agent refuses leaves no trace.
    private async Task<VolumeSpecification> WithAdoptedSizeAsync(VolumeSpecification specification, IGatewayGrain gateway)
    {
        if (specification.AdoptPath.Length == 0 || State.Specification is not null) return specification;
        if (VolumeMachine.HasSource(specification)) throw Arguments.Invalid("A volume is made of a store that is there, or of a snapshot or recovery point, not of both.");
        var store = await gateway.InspectStore(specification.AdoptPath, $"{Key}-inspect");
        if (specification.SizeBytes != 0 && specification.SizeBytes != store.SizeBytes)
            throw Arguments.Invalid($"'{specification.AdoptPath}' has {store.SizeBytes} bytes, not {specification.SizeBytes}. Leave the size out.");
        return specification with { SizeBytes = store.SizeBytes };
    }
}
