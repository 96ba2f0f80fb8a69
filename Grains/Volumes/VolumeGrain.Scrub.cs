using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Scrub;

namespace Tidegate.Grains.Volumes;

// Scrubbing: a silo's scrubber does it, this keeps its place and what it found.
internal sealed partial class VolumeGrain
{
    private static readonly TimeSpan ScrubLease = TimeSpan.FromMinutes(5);

    // A gateway that was not there may be by then, and what it repaired is seen to be sound.
    private static readonly TimeSpan DamagedAgainAfter = TimeSpan.FromDays(1);

    /// <inheritdoc />
    public Task<ScrubStart?> BeginScrub(TimeSpan period) => SaveChangeAsync((state, now) =>
    {
        var known = state.Scrub ?? new ScrubState();
        if (known.Summary is { DamageCount: > 0 } && period > DamagedAgainAfter) period = DamagedAgainAfter;
        var isDue = known.BegunAt is not null ? known.LeaseUntil <= now : known.Summary is not { } last || last.CompletedAt + period <= now;
        if (!isDue || state.Head.Length == 0 || state.ErasureBegunAt is not null) return Change.None(state, (ScrubStart?)null);
        var begun = known.BegunAt is null ? known with { BegunAt = now, Position = "", Suspects = [] } : known;
        return new Change<VolumeState, ScrubStart?>(
            state with { Scrub = begun with { LeaseUntil = now + ScrubLease } }, new ScrubStart(begun.Position, begun.Suspects));
    });

    /// <inheritdoc />
    public Task KeepScrub(string position, string[] suspects) => SaveChangeAsync((state, now) => state.Scrub is not { BegunAt: not null } known
        ? Change.Keep(state)
        : Change.To(state with { Scrub = known with { Position = position, Suspects = suspects, LeaseUntil = now + ScrubLease } }));

    /// <inheritdoc />
    public Task EndScrub(int damageCount, VolumeDamage[] damages) => ChangeAsync((state, now) =>
    {
        if (state.Scrub is not { BegunAt: not null }) return Change.Keep(state);
        var next = state with { Scrub = new ScrubState { Summary = new VolumeScrubSummary(now, damageCount, damages) } };
        return damageCount == 0
            ? Change.To(next, new DomainEvent("volume.scrubbed"))
            : Change.To(next, new DomainEvent("volume.damaged", new { damageCount, blobs = damages.Select(damage => damage.BlobKey).Distinct().Take(4) }));
    });

    /// <inheritdoc />
    public async Task Repair(long[] blocks)
    {
        if (State is not { DeletedAt: null, Specification: { } specification }) return;
        await GrainFactory.GetGrain<IGatewayGrain>(specification.GatewayId).RefreshBlocks(Key, blocks, ResourceId.New(ResourceKind.Request));
        await SaveChangeAsync((state, _) => Change.To(state, new DomainEvent("volume.blocks-refreshed", new { count = blocks.Length })));
        await SettleQuietlyAsync();
    }
}
