using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>POST /v1/activations/preview</c>.</summary>
/// <param name="ActivationKey">As the gateway shows it; case and dashes do not matter.</param>
public sealed record ActivationPreviewRequest(Secret ActivationKey);
