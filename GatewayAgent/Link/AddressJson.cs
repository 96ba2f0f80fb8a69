using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tidegate.GatewayAgent.Link;

/// <summary>The JSON of <c>link/</c>.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(StoredAddresses))]
internal sealed partial class AddressJson : JsonSerializerContext;
