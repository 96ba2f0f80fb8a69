using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tidegate.Client.Grain.Agents;

/// <summary>JSON of the bodies of discovery and renewal, compiled ahead: camelCase, unknown members ignored so that answers may grow.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(LinkDiscoveryRequest))]
[JsonSerializable(typeof(LinkDiscoveryReply))]
[JsonSerializable(typeof(CertificateRenewalRequest))]
[JsonSerializable(typeof(CertificateRenewalReply))]
public sealed partial class LinkJson : JsonSerializerContext;
