using System.Text.Json;
using System.Text.Json.Serialization;
using Tidegate.Cli.Commands;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Profiles;
using Tidegate.Client.Audit;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Cli.Output;

/// <summary>The JSON that <c>--output json</c> prints: the API's own records, lists as arrays.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectRequiredConstructorParameters = true,
    Converters =
    [
        typeof(CamelCaseEnumConverter<Role>),
        typeof(CamelCaseEnumConverter<AuditFindingKind>),
        typeof(CamelCaseEnumConverter<VolumeRunState>),
        typeof(CamelCaseEnumConverter<DivergenceChoice>),
        typeof(CamelCaseEnumConverter<SnapshotState>),
        typeof(CamelCaseEnumConverter<SnapshotConsistency>),
        typeof(CamelCaseEnumConverter<SnapshotGroupState>),
        typeof(CamelCaseEnumConverter<SnapshotOfferState>),
        typeof(CamelCaseEnumConverter<SnapshotCopyState>),
        typeof(CamelCaseEnumConverter<KeyRotationStage>),
    ])]
[JsonSerializable(typeof(Profile))]
[JsonSerializable(typeof(ProfileView))]
[JsonSerializable(typeof(SetupView))]
[JsonSerializable(typeof(ErrorView))]
[JsonSerializable(typeof(DoneView))]
[JsonSerializable(typeof(CreatedUserView))]
[JsonSerializable(typeof(IReadOnlyList<UserView>))]
[JsonSerializable(typeof(ActivationClaimView))]
[JsonSerializable(typeof(CreatedApiKey))]
[JsonSerializable(typeof(AuditKeyView))]
[JsonSerializable(typeof(AuditExportView))]
[JsonSerializable(typeof(AuditVerdictView))]
[JsonSerializable(typeof(IReadOnlyList<ApiKeyView>))]
[JsonSerializable(typeof(GatewayView))]
[JsonSerializable(typeof(BandwidthView))]
[JsonSerializable(typeof(CredentialRotatedView))]
[JsonSerializable(typeof(VolumeView))]
[JsonSerializable(typeof(AccountView))]
[JsonSerializable(typeof(KeyRotationView))]
[JsonSerializable(typeof(EraseVictimsView))]
[JsonSerializable(typeof(SnapshotView))]
[JsonSerializable(typeof(SnapshotGroupView))]
[JsonSerializable(typeof(SnapshotOfferView))]
[JsonSerializable(typeof(SnapshotCopyView))]
[JsonSerializable(typeof(IReadOnlyList<SnapshotOfferView>))]
[JsonSerializable(typeof(IReadOnlyList<SnapshotCopyView>))]
[JsonSerializable(typeof(ReclaimEstimateView))]
[JsonSerializable(typeof(RetentionView))]
[JsonSerializable(typeof(IReadOnlyList<GatewaySummary>))]
[JsonSerializable(typeof(IReadOnlyList<AlarmEntry>))]
[JsonSerializable(typeof(IReadOnlyList<VolumeSummary>))]
[JsonSerializable(typeof(IReadOnlyList<SnapshotView>))]
[JsonSerializable(typeof(IReadOnlyList<RecoveryPointView>))]
[JsonSerializable(typeof(IReadOnlyList<AuditRecordView>))]
[JsonSerializable(typeof(IReadOnlyList<ChangedExtent>))]
internal sealed partial class CliJson : JsonSerializerContext;
