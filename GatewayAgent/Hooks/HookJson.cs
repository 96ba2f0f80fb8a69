using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tidegate.GatewayAgent.Hooks;

/// <summary>The JSON of freeze notes.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(FreezeNote))]
internal sealed partial class HookJson : JsonSerializerContext;
