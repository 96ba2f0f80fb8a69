using System.Text.Json;
using System.Text.Json.Serialization;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>The JSON of the local console and the ready file: camelCase, enums as camelCase strings, absent for null.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(CamelCaseEnumConverter<AgentState>), typeof(CamelCaseEnumConverter<VolumeRunState>), typeof(VolumeAlarmsConverter)])]
[JsonSerializable(typeof(AgentStatus))]
[JsonSerializable(typeof(ReadyDocument))]
[JsonSerializable(typeof(TrafficDocument))]
[JsonSerializable(typeof(DiagnosticsDocument))]
internal sealed partial class AgentJson : JsonSerializerContext;
