using Orleans.Concurrency;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>A gateway, for the API and other grains. Key: gateway id. Foreign and missing gateways answer alike.</summary>
[GrainInterfaceType("tidegate.gateway"), Alias("tidegate.gateway")]
[KeyBelongsTo(KeyOwner.CheckedByGrain, ResourceKind.Gateway)]
public interface IGatewayGrain : IGrainWithStringKey
{
    /// <summary>Binds the gateway to its account at the end of activation; called by the activation session. Idempotent for equal values.</summary>
    [Alias("provision")]
    Task Provision(GatewayProvision provision);

    /// <summary>Records the certificate issued to the gateway (thumbprint, expiry, thumbprint of the CA); older ones stay valid until they expire or are revoked.</summary>
    [Alias("record-certificate")]
    Task RecordCertificate(string thumbprint, DateTimeOffset expiresAt, string authority = "");

    /// <summary>
    /// Issues the successor of a certificate to its own gateway, which has just proved that it holds <paramref name="thumbprint"/>'s key: the request (PKCS#10)
    /// is signed with a new one. The same key again gets the same certificate; both count until a link was opened with the new one, and then for the
    /// overlap. Throws <c>Forbidden</c> when the old one does not count any more, <c>InvalidState</c> in the first half of its life,
    /// <c>InvalidArgument</c> for a bad request or a key that was used before. Called by the agents' listener.
    /// </summary>
    [AlwaysInterleave, Alias("renew-certificate")]
    Task<IssuedCertificate> RenewCertificate(string thumbprint, byte[] certificateRequest);

    /// <summary>
    /// Has the agent make a new key pair, get a certificate for it and open its link with it (M1.10); answers when the link is open. The old
    /// certificates are revoked then. Throws <c>GatewayNotConnected</c> at once without a link. Repeatable with the same request id.
    /// </summary>
    [ReachableBy(Role.AccountAdmin), AlwaysInterleave, Alias("rotate-credential")]
    Task<CredentialRotated> RotateCredential(string requestId);

    /// <summary>State kept by the service. Throws <c>NotFound</c> when it is not the caller's.</summary>
    [ReachableBy(Role.AccountAdmin, Role.Reader), AlwaysInterleave, Alias("describe")]
    Task<GatewayDescription> Describe();

    /// <summary>Asks the agent itself, over its connection. Throws <c>GatewayNotConnected</c> within a second when there is none (M1.8).</summary>
    [AlwaysInterleave, Alias("describe-live")]
    Task<GatewayLiveDescription> DescribeLive(string requestId);

    /// <summary>Changes the name; unique within the account.</summary>
    [ReachableBy(Role.AccountAdmin), Alias("rename")]
    Task Rename(string name);

    /// <summary>Sets how fast the gateway may use its uplink (M1.10). Throws <c>InvalidArgument</c> for rates, windows or zones out of range.</summary>
    [ReachableBy(Role.AccountAdmin), Alias("set-bandwidth")]
    Task SetBandwidth(BandwidthLimits limits);

    /// <summary>Adds a volume to the desired configuration. Idempotent; called by the volume grain.</summary>
    [Alias("attach-volume")]
    Task AttachVolume(VolumeAttachment attachment);

    /// <summary>Removes a volume from the desired configuration. Idempotent; called by the volume grain.</summary>
    [Alias("detach-volume")]
    Task DetachVolume(string volumeId);

    /// <summary>Pushes a snapshot request and waits for the barrier. Called by the volume grain.</summary>
    [AlwaysInterleave, Alias("take-barrier")]
    Task<SnapshotBarrier> TakeBarrier(string volumeId, string snapshotId, string requestId);

    /// <summary>Pushes a request for the barriers of a group and waits for them. Called by the group's grain.</summary>
    [AlwaysInterleave, Alias("take-group-barriers")]
    Task<GroupBarriers> TakeGroupBarriers(string groupId, GroupMember[] members, string requestId);

    /// <summary>
    /// Asks the agent whether a volume may be made of a raw image or block device on its machine. Throws what the agent says against it. Called by
    /// the volume grain.
    /// </summary>
    [AlwaysInterleave, Alias("inspect-store")]
    Task<StoreInspection> InspectStore(string path, string requestId);

    /// <summary>Tells the agent how a divergence ends, and waits until it has done so. Called by the volume grain.</summary>
    [AlwaysInterleave, Alias("resolve-divergence")]
    Task<DivergenceResolved> ResolveDivergence(string volumeId, DivergenceChoice keep, VolumeTip tip, string snapshotId, string requestId);

    /// <summary>Pushes a refresh request and waits until the blocks are in the agent's log again. Called by the volume grain.</summary>
    [AlwaysInterleave, Alias("refresh-blocks")]
    Task<BlocksRefreshed> RefreshBlocks(string volumeId, long[] blocks, string requestId);

    /// <summary>Revokes every credential, ends the link and forgets the configuration (M3.8). Volumes and snapshots stay.</summary>
    [ReachableBy(Role.AccountAdmin), Alias("deactivate")]
    Task Deactivate();

    /// <summary>
    /// Registers a connection as the gateway's newest, and its silo as the holder, before Orleans hears of it. Null when the certificate does
    /// not count any more or the client id is in use by another certificate. Writes no state. Called by the frame guard.
    /// </summary>
    [AlwaysInterleave, Alias("bind-connection")]
    Task<LinkHolding?> BindConnection(SiloAddress silo, string thumbprint, string clientId);

    /// <summary>
    /// A connection has closed at the silo that terminated it: its registration ends, and a link opened over it is lost now, not when its
    /// pings go unanswered (M1.8). Changes nothing for newer connections. Called by the frame guard.
    /// </summary>
    [AlwaysInterleave, Alias("release-connection")]
    Task ReleaseConnection(string clientId, long generation);

    /// <summary>Whether a link may be opened with this certificate: thumbprint known, unexpired, not revoked. Called by the frame guard and the token issuer.</summary>
    [AlwaysInterleave, Alias("is-certificate-valid")]
    Task<bool> IsCertificateValid(string thumbprint);

    /// <summary>
    /// Writes breaches of the link into the gateway's audit chain. Called by the silo that noticed them, which sees to the pace. Does nothing
    /// for a gateway that never was; throws <c>Unavailable</c> while the audit log takes nothing.
    /// </summary>
    [AlwaysInterleave, Alias("record-breaches")]
    Task RecordBreaches(LinkBreaches breaches);
}
