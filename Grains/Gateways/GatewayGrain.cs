using Microsoft.Extensions.Logging;
using Tidegate.Grains.Accounts;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Gateways.Holders;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Security;
using Tidegate.Grains.Waking;

namespace Tidegate.Grains.Gateways;

/// <summary>
/// A gateway: identity and desired configuration (this part), its link and the requests pushed over it (the other parts).
/// Calls that wait for the agent interleave with everything, so that no turn of the grain ever waits for it.
/// </summary>
[GrainType("gateway")]
internal sealed partial class GatewayGrain(
    [PersistentState("gateway", "state")] IPersistentState<GatewayState> storage, AggregateServices services, ILinkRegistries registries,
    ICertificateRevocations revocations, ICertificateAuthority authority)
    : AggregateGrain<GatewayState>(storage, services), IGatewayGrain, IGatewayLinkGrain
{
    private static readonly TimeSpan AgedAgainIn = TimeSpan.FromSeconds(1);

    private readonly ILogger _log = services.Loggers.CreateLogger("Tidegate.Grains.Gateway");

    /// <inheritdoc />
    public Task Provision(GatewayProvision provision) =>
        ChangeAsync((state, now) => GatewayMachine.Provision(state, provision, now));

    /// <inheritdoc />
    public Task<GatewayDescription> Describe()
    {
        // Who is bound to a volume of this gateway learns what concerns that volume.
        var caller = Caller.Current;
        RequireOwner(Roles.Readers, State.Volumes.Select(volume => volume.VolumeId).FirstOrDefault(caller.Covers, ""));
        var link = _live?.State;
        return Task.FromResult(new GatewayDescription(
            Key,
            State.AccountId,
            State.Name,
            State.TimeZone,
            State.Metadata,
            link is not null,
            link?.HeardAt ?? State.LastSeenAt,
            State.ConfigurationVersion,
            link?.AppliedConfigurationVersion ?? 0,
            [.. (link?.Volumes ?? []).Where(volume => caller.Covers(volume.VolumeId))],
            State.CreatedAt,
            State.Certificates.Length == 0 ? null : State.Certificates.Max(known => known.ExpiresAt))
        {
            Bandwidth = State.Bandwidth ?? BandwidthLimits.Unlimited,
            Alarms = [.. State.Alarms.Where(raised => caller.Covers(raised.VolumeId))],
        });
    }

    /// <inheritdoc />
    public async Task Rename(string name)
    {
        RequireOwner(Roles.Admins);
        Arguments.Name(name, "gateway name");
        try
        {
            // Until the gateway has the name, the name is one to release: a crash in between leaves nothing reserved.
            await WhileUnsettledAsync(async () =>
            {
                await SaveChangeAsync((state, _) => GatewayMachine.IntendName(state, name));
                await Names.ReserveAsync(GrainFactory, State.AccountId, Names.Gateway, name, Key);
                await SaveChangeAsync((state, _) => GatewayMachine.Rename(state, name));
            });
        }
        finally
        {
            await SettleQuietlyAsync();
        }

        SendConfiguration();
    }

    /// <inheritdoc />
    public async Task SetBandwidth(BandwidthLimits limits)
    {
        RequireOwner(Roles.Admins);
        await ChangeAsync((state, _) => GatewayMachine.SetBandwidth(state, limits));
        SendConfiguration();
    }

    /// <inheritdoc />
    public async Task AttachVolume(VolumeAttachment attachment)
    {
        await ChangeAsync((state, _) => GatewayMachine.AttachVolume(state, attachment));
        SendConfiguration();
    }

    /// <inheritdoc />
    public async Task DetachVolume(string volumeId)
    {
        await ChangeAsync((state, _) => GatewayMachine.DetachVolume(state, volumeId));
        SendConfiguration();
    }

    /// <inheritdoc />
    public async Task Deactivate()
    {
        if (State.DeactivatedAt is null) RequireOwner(Roles.Admins);
        else Authorisation.Require(Roles.Admins, State.AccountId, What);
        await ChangeAsync(GatewayMachine.Deactivate);
        EndLink(_live, new LinkSuperseded("The gateway was deactivated.", false));
        if (State.CertificatesToRevoke.Length > 0)
        {
            throw new TidegateException(
                ErrorCodes.Unavailable, $"{What} is deactivated, but its certificates could not be revoked at every silo yet.", "Send the request again to see it done; the service goes on trying.");
        }
    }

    /// <inheritdoc />
    public Task RecordBreaches(LinkBreaches breaches) => ChangeAsync((state, _) => GatewayMachine.RecordBreaches(state, breaches));

    /// <inheritdoc />
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        // The agent sees its stream end, enumerates again at once, and finds the next activation.
        EndLink(_live, null);
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    protected override async Task<TimeSpan?> SettleOthersAsync()
    {
        await SaveChangeAsync(CertificateRules.Retire);
        if (State.CertificatesToRevoke.Length > 0)
        {
            var owed = State.CertificatesToRevoke;
            await revocations.RevokeAsync([.. owed.Select(known => new RevokedCertificate(known.Thumbprint, known.ExpiresAt))]);
            await SaveChangeAsync((state, _) => GatewayMachine.CertificatesRevoked(state, owed));
        }

        if (State.NamesToRelease.Length > 0)
        {
            var owed = State.NamesToRelease;
            foreach (var name in owed) await Names.Grain(GrainFactory, State.AccountId, Names.Gateway, name).Release(Key);
            await SaveChangeAsync((state, _) => GatewayMachine.NamesReleased(state, owed));
        }

        // A lease in force keeps the gateway listed with its shard.
        if (_live is { } link && link.State.LeaseUntil > Now) return null;
        if (_live is not null || _opening > 0) return WakeShards.LeaseTerm;
        if (State.IsConnected)
        {
            await SaveChangeAsync((state, now) => GatewayMachine.LinkLost(state, state.Generation, "its holder is gone", now));
        }

        // What is not heard of grows old: the shard asks again when the next volume's recovery point does.
        await SaveChangeAsync(AlarmRules.Aged);
        var due = Earlier(AlarmRules.NextAt(State), CertificateRules.NextRetirementAt(State));
        return due is null ? null : due > Now ? due - Now : AgedAgainIn;
    }

    /// <inheritdoc />
    protected override string OwnerOf(GatewayState state) => state.AccountId;

    /// <inheritdoc />
    protected override object? RowOf(GatewayState state) => state.DeactivatedAt is not null
        ? null
        : new
        {
            type = "gateway",
            id = Key,
            state.AccountId,
            state.Name,
            state.TimeZone,
            state.IsConnected,
            state.LastSeenAt,
            state.CreatedAt,
            state.Metadata.HostName,
            state.ConfigurationVersion,
            state.TrustedAuthorities,
            issuers = state.Certificates.Where(static known => known.RetiresAt is null && known.Authority.Length > 0)
                .Select(static known => new { known.Authority, until = known.ExpiresAt }).ToArray(),
        };

    /// <inheritdoc />
    public override void Dispose()
    {
        _live?.Dispose();
        base.Dispose();
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other ?? one : one;

    private string What => $"Gateway {Key}";

    private void RequireOwner(IReadOnlyList<Role> roles, string volumeId = "")
    {
        if (State.DeactivatedAt is not null) throw Authorisation.NotFound(What);
        Authorisation.Require(roles, State.AccountId, What, volumeId);
        if (State.AccountId.Length == 0) throw Authorisation.NotFound(What);
    }

    private void SendConfiguration()
    {
        if (_live is { } link && !link.Send(new LinkConfiguration(GatewayMachine.ConfigurationOf(State)))) EndLink(link, null);
    }
}
