using System.Text.Json;
using System.Text.Json.Serialization;
using Tidegate.Client.Grain.Agents;

namespace Tidegate.Client.Developers;

/// <summary>JSON of these bodies, compiled ahead: camelCase, unknown members ignored so that answers may grow.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(DeveloperCertificateRequest))]
[JsonSerializable(typeof(DeveloperCertificateReply))]
[JsonSerializable(typeof(DeveloperTokenRequest))]
[JsonSerializable(typeof(LinkDiscoveryReply))]
public sealed partial class DeveloperJson : JsonSerializerContext;
