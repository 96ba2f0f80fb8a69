using System.Text.Json;
using System.Text.Json.Serialization;
using Tidegate.Client.Rest.Models;
using Tidegate.GatewayAgent.Activation;

namespace Tidegate.GatewayAgent.Identity;

/// <summary>The JSON of the identity folder. Missing members are errors: a truncated file must not read as defaults.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    WriteIndented = true,
    RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true,
    Converters = [typeof(CamelCaseEnumConverter<ActivationStage>)])]
[JsonSerializable(typeof(CustomerInformation))]
[JsonSerializable(typeof(StateFormatNote))]
[JsonSerializable(typeof(ActivationProgress))]
internal sealed partial class IdentityJson : JsonSerializerContext;
