using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tidegate.Silo.Pki;

/// <summary>JSON of <c>ca.json</c> and of the signer's protocol.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CaManifest))]
[JsonSerializable(typeof(SignerRequest))]
[JsonSerializable(typeof(SignerReply))]
internal sealed partial class CaJson : JsonSerializerContext;
