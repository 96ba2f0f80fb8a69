using System.Text.Json;
using System.Text.Json.Serialization;
using Tidegate.Client.Rest.Models;

namespace Tidegate.Client.Grain.Agents;

/// <summary>The JSON of the activation endpoints (<c>docs/protocols/activation.md</c>): the same rules as <see cref="RestJson"/>.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(CamelCaseEnumConverter<ActivationPollState>)])]
[JsonSerializable(typeof(ActivationSessionRequest))]
[JsonSerializable(typeof(ActivationSessionReply))]
[JsonSerializable(typeof(ActivationPollRequest))]
[JsonSerializable(typeof(ActivationPollReply))]
[JsonSerializable(typeof(ActivationCertificateRequest))]
[JsonSerializable(typeof(ActivationCertificateReply))]
[JsonSerializable(typeof(ProblemView))]
public sealed partial class ActivationJson : JsonSerializerContext;
