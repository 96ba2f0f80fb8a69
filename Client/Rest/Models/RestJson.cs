using System.Text.Json;
using System.Text.Json.Serialization;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Client.Rest.Models;

/// <summary>
/// The JSON of the REST API (<c>docs/protocols/rest.md</c>), compiled ahead: camelCase members, enums as camelCase
/// strings, times as RFC 3339, absent for null. Unknown members are ignored, so that answers may grow.
/// </summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters =
    [
        typeof(CamelCaseEnumConverter<Role>),
        typeof(CamelCaseEnumConverter<VolumeRunState>),
        typeof(CamelCaseEnumConverter<DivergenceChoice>),
        typeof(CamelCaseEnumConverter<SnapshotState>),
        typeof(CamelCaseEnumConverter<SnapshotConsistency>),
        typeof(CamelCaseEnumConverter<SnapshotGroupState>),
        typeof(CamelCaseEnumConverter<SnapshotOfferState>),
        typeof(CamelCaseEnumConverter<SnapshotCopyState>),
        typeof(CamelCaseEnumConverter<KeyRotationStage>),
    ])]
[JsonSerializable(typeof(AccountView))]
[JsonSerializable(typeof(CreateAccountRequest))]
[JsonSerializable(typeof(CreateApiKeyRequest))]
[JsonSerializable(typeof(CreatedApiKey))]
[JsonSerializable(typeof(CreateUserRequest))]
[JsonSerializable(typeof(SetPasswordRequest))]
[JsonSerializable(typeof(UserView))]
[JsonSerializable(typeof(Page<UserView>))]
[JsonSerializable(typeof(CallerView))]
[JsonSerializable(typeof(ActivationPreviewRequest))]
[JsonSerializable(typeof(ActivationPreviewView))]
[JsonSerializable(typeof(ActivationClaimRequest))]
[JsonSerializable(typeof(ActivationClaimView))]
[JsonSerializable(typeof(RenameGatewayRequest))]
[JsonSerializable(typeof(GatewayView))]
[JsonSerializable(typeof(BandwidthView))]
[JsonSerializable(typeof(CredentialRotatedView))]
[JsonSerializable(typeof(ObjectiveRequest))]
[JsonSerializable(typeof(CreateVolumeRequest))]
[JsonSerializable(typeof(VolumeView))]
[JsonSerializable(typeof(ResizeVolumeRequest))]
[JsonSerializable(typeof(ResolveDivergenceBody))]
[JsonSerializable(typeof(KeyRotationView))]
[JsonSerializable(typeof(EraseVictimsView))]
[JsonSerializable(typeof(EraseVolumeRequest))]
[JsonSerializable(typeof(EstimateReclaimRequest))]
[JsonSerializable(typeof(ReclaimEstimateView))]
[JsonSerializable(typeof(RetentionView))]
[JsonSerializable(typeof(CreateSnapshotRequest))]
[JsonSerializable(typeof(SnapshotView))]
[JsonSerializable(typeof(CreateSnapshotGroupRequest))]
[JsonSerializable(typeof(SnapshotGroupView))]
[JsonSerializable(typeof(SnapshotLeaseView))]
[JsonSerializable(typeof(OfferSnapshotRequest))]
[JsonSerializable(typeof(AcceptOfferRequest))]
[JsonSerializable(typeof(SnapshotOfferView))]
[JsonSerializable(typeof(SnapshotCopyView))]
[JsonSerializable(typeof(Page<SnapshotOfferView>))]
[JsonSerializable(typeof(Page<SnapshotCopyView>))]
[JsonSerializable(typeof(RecoveryPointsView))]
[JsonSerializable(typeof(Page<GatewaySummary>))]
[JsonSerializable(typeof(Page<VolumeSummary>))]
[JsonSerializable(typeof(Page<SnapshotView>))]
[JsonSerializable(typeof(Page<ApiKeyView>))]
[JsonSerializable(typeof(Page<AuditRecordView>))]
[JsonSerializable(typeof(Page<AuditExportLine>))]
[JsonSerializable(typeof(AuditKeyView))]
[JsonSerializable(typeof(Page<ChangedExtent>))]
[JsonSerializable(typeof(ProblemView))]
public sealed partial class RestJson : JsonSerializerContext;
