using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tidegate.GatewayAgent.Link;

/// <summary>The JSON of <c>requests/</c>.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StoredRequest))]
internal sealed partial class RequestJson : JsonSerializerContext;
