using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>POST /v1/activations/claim</c>. Repeating a won claim is harmless.</summary>
/// <param name="ActivationKey">As the gateway shows it; case and dashes do not matter.</param>
/// <param name="Name">Name of the gateway, unique within the account (M3.7).</param>
/// <param name="TimeZone">IANA time zone for its schedules, for example <c>Europe/Zurich</c>.</param>
public sealed record ActivationClaimRequest(Secret ActivationKey, string Name, string TimeZone);
