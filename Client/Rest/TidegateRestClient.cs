using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json.Serialization.Metadata;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Client.Rest;

/// <summary>
/// The REST API, typed (M5.5, <c>docs/protocols/rest.md</c>). Every refusal and every broken connection is a
/// <see cref="TidegateException"/> with a stable code; calls that may be repeated are, a few times, when the service or the
/// way to it fails. Thread-safe; one instance serves a process.
/// </summary>
public sealed partial class TidegateRestClient : IDisposable
{
    private readonly RestTransport _transport;

    /// <summary>Creates a client; throws <see cref="TidegateException"/> <c>InvalidArgument</c> that names every fault of the options.</summary>
    public TidegateRestClient(RestClientOptions options, TimeProvider? time = null)
        : this(Validated(options), PinnedTrust.CreateHandler(options.CaFile), time ?? TimeProvider.System)
    {
    }

    internal TidegateRestClient(RestClientOptions options, HttpMessageHandler handler, TimeProvider time) =>
        _transport = new RestTransport(options, handler, time);

    /// <summary>Who the key stands for. Throws <c>Unauthenticated</c>.</summary>
    public Task<CallerView> GetCallerAsync(CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Get("/v1/me"), RestJson.Default.CallerView, cancellationToken);

    /// <summary>Creates an account; operators only.</summary>
    public Task<AccountView> CreateAccountAsync(CreateAccountRequest request, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(Change("/v1/accounts"), request, RestJson.Default.CreateAccountRequest, RestJson.Default.AccountView, cancellationToken);

    /// <summary>An account. Throws <c>NotFound</c> when it is not the caller's.</summary>
    public Task<AccountView> GetAccountAsync(string accountId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Get("/v1/accounts/" + Escape(accountId)), RestJson.Default.AccountView, cancellationToken);

    /// <summary>Creates an API key; its secret is in this answer alone.</summary>
    public Task<CreatedApiKey> CreateApiKeyAsync(string accountId, CreateApiKeyRequest request, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            Change($"/v1/accounts/{Escape(accountId)}/api-keys"), request, RestJson.Default.CreateApiKeyRequest, RestJson.Default.CreatedApiKey, cancellationToken);

    /// <summary>The account's API keys that are not revoked, oldest first.</summary>
    public IAsyncEnumerable<ApiKeyView> ListApiKeysAsync(string accountId, int? pageSize = null, CancellationToken cancellationToken = default) =>
        ListAsync($"/v1/accounts/{Escape(accountId)}/api-keys", [], pageSize, RestJson.Default.PageApiKeyView, cancellationToken);

    /// <summary>Ends an API key at once.</summary>
    public Task RevokeApiKeyAsync(string keyId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Delete("/v1/api-keys/" + Escape(keyId)), cancellationToken);

    /// <summary>What an activation key would activate. Throws <c>ActivationKeyNotFound</c>, <c>ActivationKeyExpired</c>, <c>ActivationKeyInvalid</c> (M4.5).</summary>
    public Task<ActivationPreviewView> PreviewActivationAsync(ActivationPreviewRequest request, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            Repeatable("/v1/activations/preview"), request, RestJson.Default.ActivationPreviewRequest, RestJson.Default.ActivationPreviewView, cancellationToken);

    /// <summary>Binds the gateway behind an activation key to the caller's account. Throws as the preview does, and <c>NameInUse</c>.</summary>
    public Task<ActivationClaimView> ClaimActivationAsync(ActivationClaimRequest request, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            Repeatable("/v1/activations/claim"), request, RestJson.Default.ActivationClaimRequest, RestJson.Default.ActivationClaimView, cancellationToken);

    /// <summary>The account's gateways, page by page; <paramref name="name"/> keeps those of exactly that name.</summary>
    public IAsyncEnumerable<GatewaySummary> ListGatewaysAsync(string? name = null, int? pageSize = null, CancellationToken cancellationToken = default) =>
        ListAsync("/v1/gateways", [("name", name)], pageSize, RestJson.Default.PageGatewaySummary, cancellationToken);

    /// <summary>
    /// A gateway; with <paramref name="live"/> the agent itself is asked over its link. Throws <c>NotFound</c>, and with
    /// <paramref name="live"/> <c>GatewayNotConnected</c> or <c>GatewayTimeout</c> (M1.8).
    /// </summary>
    public Task<GatewayView> GetGatewayAsync(string gatewayId, bool live = false, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Get("/v1/gateways/" + Escape(gatewayId) + (live ? "?live=true" : "")), RestJson.Default.GatewayView, cancellationToken);

    /// <summary>Renames a gateway. Throws <c>NameInUse</c> (M3.7).</summary>
    public Task<GatewayView> RenameGatewayAsync(string gatewayId, RenameGatewayRequest request, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            new RestCall(HttpMethod.Patch, "/v1/gateways/" + Escape(gatewayId), IsRepeatable: true),
            request, RestJson.Default.RenameGatewayRequest, RestJson.Default.GatewayView, cancellationToken);

    /// <summary>Sets how fast a gateway may use its uplink; its agent learns at once, or when it is back.</summary>
    public Task<BandwidthView> SetBandwidthAsync(string gatewayId, BandwidthView limits, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            new RestCall(HttpMethod.Put, $"/v1/gateways/{Escape(gatewayId)}/bandwidth", IsRepeatable: true),
            limits, RestJson.Default.BandwidthView, RestJson.Default.BandwidthView, cancellationToken);

    /// <summary>
    /// Has a connected gateway replace its key pair and certificate, and answers when its link is open with them (M1.10). Throws
    /// <c>GatewayNotConnected</c>, <c>GatewayTimeout</c>.
    /// </summary>
    public Task<CredentialRotatedView> RotateGatewayCredentialAsync(string gatewayId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(Change($"/v1/gateways/{Escape(gatewayId)}/rotate-credential"), RestJson.Default.CredentialRotatedView, cancellationToken);

    /// <summary>Revokes a gateway's credentials and ends its link (M3.8). Volumes and snapshots stay.</summary>
    public Task DeactivateGatewayAsync(string gatewayId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Delete("/v1/gateways/" + Escape(gatewayId)), cancellationToken);

    /// <summary>Creates a volume, empty, or restored from a snapshot or a recovery point. Throws <c>NameInUse</c>, <c>NotFound</c>, <c>InvalidState</c> (snapshot not completed).</summary>
    public Task<VolumeView> CreateVolumeAsync(CreateVolumeRequest request, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(Change("/v1/volumes"), request, RestJson.Default.CreateVolumeRequest, RestJson.Default.VolumeView, cancellationToken);

    /// <summary>The account's volumes, page by page, filtered by gateway and exact name.</summary>
    public IAsyncEnumerable<VolumeSummary> ListVolumesAsync(
        string? gatewayId = null, string? name = null, int? pageSize = null, CancellationToken cancellationToken = default) =>
        ListAsync("/v1/volumes", [("gatewayId", gatewayId), ("name", name)], pageSize, RestJson.Default.PageVolumeSummary, cancellationToken);

    /// <summary>A volume. Throws <c>NotFound</c>.</summary>
    public Task<VolumeView> GetVolumeAsync(string volumeId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Get("/v1/volumes/" + Escape(volumeId)), RestJson.Default.VolumeView, cancellationToken);

    /// <summary>Grows a volume; its gateway learns of it when it is connected. Throws <c>InvalidArgument</c> for a smaller size.</summary>
    public Task<VolumeView> ResizeVolumeAsync(string volumeId, ResizeVolumeRequest request, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            new RestCall(HttpMethod.Patch, "/v1/volumes/" + Escape(volumeId), IsRepeatable: true),
            request, RestJson.Default.ResizeVolumeRequest, RestJson.Default.VolumeView, cancellationToken);

    /// <summary>Begins a rotation of the account's key, or finds the one that is under way.</summary>
    public Task<AccountView> RotateAccountKeyAsync(string accountId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            new RestCall(HttpMethod.Post, $"/v1/accounts/{Escape(accountId)}/key-rotations", IsRepeatable: true), RestJson.Default.AccountView, cancellationToken);

    /// <summary>Ends a divergence: the gateway's copy goes on, or the service's (M2.7). The other one is kept at the gateway, or as snapshots.</summary>
    public Task<VolumeView> ResolveDivergenceAsync(string volumeId, ResolveDivergenceBody request, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            Change("/v1/volumes/" + Escape(volumeId) + "/divergence-resolutions"), request, RestJson.Default.ResolveDivergenceBody, RestJson.Default.VolumeView,
            cancellationToken);

    /// <summary>Begins a new generation of a volume's data key.</summary>
    public Task<KeyRotationView> RotateVolumeKeyAsync(string volumeId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(Change($"/v1/volumes/{Escape(volumeId)}/key-rotations"), RestJson.Default.KeyRotationView, cancellationToken);

    /// <summary>What erasing a volume would make unreadable besides it.</summary>
    public Task<EraseVictimsView> GetEraseVictimsAsync(string volumeId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Get($"/v1/volumes/{Escape(volumeId)}/erasure"), RestJson.Default.EraseVictimsView, cancellationToken);

    /// <summary>Deletes a volume and destroys its keys; <paramref name="request"/> confirms every victim.</summary>
    public Task<EraseVictimsView> EraseVolumeAsync(string volumeId, EraseVolumeRequest request, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            new RestCall(HttpMethod.Post, $"/v1/volumes/{Escape(volumeId)}/erasure", IsRepeatable: true),
            request, RestJson.Default.EraseVolumeRequest, RestJson.Default.EraseVictimsView, cancellationToken);

    /// <summary>Deletes a volume: it leaves its gateway; its snapshots stay (M5.4).</summary>
    public Task DeleteVolumeAsync(string volumeId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Delete("/v1/volumes/" + Escape(volumeId)), cancellationToken);

    /// <summary>
    /// Takes a snapshot; returns once its barrier is durable at the gateway (M2.8), or, of a recovery point, once it is complete. Repeated attempts make one snapshot:
    /// <paramref name="idempotencyKey"/> names it across processes, and one is drawn when it is null.
    /// </summary>
    public Task<SnapshotView> CreateSnapshotAsync(
        string volumeId, CreateSnapshotRequest request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            Repeatable($"/v1/volumes/{Escape(volumeId)}/snapshots", idempotencyKey ?? RandomNumberGenerator.GetHexString(32, lowercase: true)),
            request, RestJson.Default.CreateSnapshotRequest, RestJson.Default.SnapshotView, cancellationToken);

    /// <summary>
    /// One page of a volume's recovery points, oldest first, with its window. Throws <c>NotFound</c>, and <c>InvalidArgument</c> for a page size out of
    /// 1 to 1,000.
    /// </summary>
    public Task<RecoveryPointsView> GetRecoveryPointsAsync(
        string volumeId, int? pageSize = null, string? pageToken = null, CancellationToken cancellationToken = default)
    {
        var query = string.Join('&', new[] { pageSize is { } size ? $"pageSize={size}" : "", pageToken is null ? "" : "pageToken=" + Escape(pageToken) }.Where(part => part.Length > 0));
        return _transport.SendAsync(
            RestCall.Get($"/v1/volumes/{Escape(volumeId)}/recovery-points" + (query.Length > 0 ? "?" + query : "")), RestJson.Default.RecoveryPointsView, cancellationToken);
    }

    /// <summary>The account's snapshots, page by page, those of one volume when it is given.</summary>
    public IAsyncEnumerable<SnapshotView> ListSnapshotsAsync(string? volumeId = null, int? pageSize = null, CancellationToken cancellationToken = default) =>
        ListAsync("/v1/snapshots", [("volumeId", volumeId)], pageSize, RestJson.Default.PageSnapshotView, cancellationToken);

    /// <summary>A snapshot. Throws <c>NotFound</c>.</summary>
    public Task<SnapshotView> GetSnapshotAsync(string snapshotId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Get("/v1/snapshots/" + Escape(snapshotId)), RestJson.Default.SnapshotView, cancellationToken);

    /// <summary>Deletes a snapshot, in whatever order; volumes made from it live on (M5.4). Throws <c>InvalidState</c> while it is being taken.</summary>
    public Task DeleteSnapshotAsync(string snapshotId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Delete("/v1/snapshots/" + Escape(snapshotId)), cancellationToken);

    /// <summary>
    /// Takes a lease for reading a snapshot's data from the bucket, or renews it, also once the snapshot is deleted.
    /// <paramref name="leaseId"/> is 8 to 64 of <c>a-z</c>, <c>0-9</c> and <c>-</c>, chosen at random. Throws <c>NotFound</c>, <c>LimitExceeded</c>.
    /// </summary>
    public Task<SnapshotLeaseView> LeaseSnapshotAsync(string snapshotId, string leaseId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            new RestCall(HttpMethod.Put, $"/v1/snapshots/{Escape(snapshotId)}/leases/{Escape(leaseId)}", IsRepeatable: true),
            RestJson.Default.SnapshotLeaseView, cancellationToken);

    /// <summary>Ends a lease before it runs out.</summary>
    public Task EndSnapshotLeaseAsync(string snapshotId, string leaseId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Delete($"/v1/snapshots/{Escape(snapshotId)}/leases/{Escape(leaseId)}"), cancellationToken);

    /// <summary>What deleting snapshots of a volume together would free.</summary>
    public Task<ReclaimEstimateView> EstimateReclaimAsync(string volumeId, EstimateReclaimRequest request, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            new RestCall(HttpMethod.Post, $"/v1/volumes/{Escape(volumeId)}/estimate-reclaim", IsRepeatable: true),
            request, RestJson.Default.EstimateReclaimRequest, RestJson.Default.ReclaimEstimateView, cancellationToken);

    /// <summary>Sets how old a volume's newest recovery point may grow, 1 to 86,400 s; its agent learns at once, or when it is back.</summary>
    public Task<VolumeView> SetObjectiveAsync(string volumeId, int seconds, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            new RestCall(HttpMethod.Put, $"/v1/volumes/{Escape(volumeId)}/objective", IsRepeatable: true),
            new ObjectiveRequest(seconds), RestJson.Default.ObjectiveRequest, RestJson.Default.VolumeView, cancellationToken);

    /// <summary>What of a volume's past is kept besides its snapshots.</summary>
    public Task<RetentionView> GetRetentionAsync(string volumeId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Get($"/v1/volumes/{Escape(volumeId)}/retention"), RestJson.Default.RetentionView, cancellationToken);

    /// <summary>Sets it. Throws <c>InvalidArgument</c> for values out of range.</summary>
    public Task<RetentionView> SetRetentionAsync(string volumeId, RetentionView retention, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            new RestCall(HttpMethod.Put, $"/v1/volumes/{Escape(volumeId)}/retention", IsRepeatable: true),
            retention, RestJson.Default.RetentionView, RestJson.Default.RetentionView, cancellationToken);

    /// <summary>
    /// What differs between a snapshot and an earlier one, in order; without <paramref name="sinceSnapshotId"/> all that holds data. Runs may end
    /// at a page's end. Throws <c>NotFound</c>, and <c>InvalidState</c> when either is not complete.
    /// </summary>
    public IAsyncEnumerable<ChangedExtent> ListChangedBlocksAsync(
        string snapshotId, string? sinceSnapshotId = null, int? pageSize = null, CancellationToken cancellationToken = default) =>
        ListAsync(
            $"/v1/snapshots/{Escape(snapshotId)}/changed-blocks", [("since", sinceSnapshotId)], pageSize, RestJson.Default.PageChangedExtent, cancellationToken);

    /// <summary>
    /// The whole audit log with its signed checkpoints, in the order of verification. Operators name the account; without one they get the
    /// service's own.
    /// </summary>
    public IAsyncEnumerable<AuditExportLine> ExportAuditAsync(string? accountId = null, int? pageSize = null, CancellationToken cancellationToken = default) =>
        ListAsync("/v1/audit/export", [("accountId", accountId)], pageSize, RestJson.Default.PageAuditExportLine, cancellationToken);

    /// <summary>The public key that the checkpoints are verified with.</summary>
    public Task<AuditKeyView> GetAuditKeyAsync(CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Get("/v1/audit/key"), RestJson.Default.AuditKeyView, cancellationToken);

    /// <summary>The account's audit records, oldest first, those of one resource when <paramref name="aggregate"/> is given.</summary>
    public IAsyncEnumerable<AuditRecordView> ListAuditAsync(string? aggregate = null, int? pageSize = null, CancellationToken cancellationToken = default) =>
        ListAsync("/v1/audit", [("aggregate", aggregate)], pageSize, RestJson.Default.PageAuditRecordView, cancellationToken);

    /// <summary>Closes the connections.</summary>
    public void Dispose() => _transport.Dispose();

    private async IAsyncEnumerable<T> ListAsync<T>(
        string path, (string Name, string? Value)[] filters, int? pageSize, JsonTypeInfo<Page<T>> type,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = filters.Where(f => f.Value is not null).Select(f => $"{f.Name}={Escape(f.Value!)}").ToList();
        if (pageSize is { } size) query.Add($"pageSize={size}");
        string? token = null;
        do
        {
            var pageQuery = token is null ? query : [.. query, "pageToken=" + Escape(token)];
            var target = pageQuery.Count == 0 ? path : path + "?" + string.Join('&', pageQuery);
            var page = await _transport.SendAsync(RestCall.Get(target), type, cancellationToken);
            foreach (var item in page.Items) yield return item;
            if (page.NextPageToken == token && token is not null)
                throw new TidegateException(ErrorCodes.Internal, $"The list {path} answered the same page token twice.", "Report this; the list would never end.");
            token = page.NextPageToken;
        }
        while (!string.IsNullOrEmpty(token));
    }

    private static RestCall Change(string path) => new(HttpMethod.Post, path, IsRepeatable: false);

    private static RestCall Repeatable(string path, string? idempotencyKey = null) => new(HttpMethod.Post, path, IsRepeatable: true, idempotencyKey);

    private static string Escape(string value) => Uri.EscapeDataString(value);

    private static RestClientOptions Validated(RestClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return options;
    }
}
