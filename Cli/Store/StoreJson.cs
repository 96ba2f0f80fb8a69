using System.Text.Json;
using System.Text.Json.Serialization;
using Tidegate.BlockStore.Verification;
using Tidegate.Client.Rest.Models;

namespace Tidegate.Cli.Store;

/// <summary>The JSON of <c>tidegate store</c>.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(CamelCaseEnumConverter<DamageKind>)])]
[JsonSerializable(typeof(VerifyView))]
[JsonSerializable(typeof(ExportView))]
[JsonSerializable(typeof(InspectView))]
[JsonSerializable(typeof(IReadOnlyList<StoredVolumeView>))]
internal sealed partial class StoreJson : JsonSerializerContext;
