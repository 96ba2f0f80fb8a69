using System.Text;

namespace Tidegate.GatewayAgent.Activation;

/// <summary>An activation key while it is shown (mission 4, step 4). Prints without the key.</summary>
/// <param name="ActivationKey">What people type.</param>
/// <param name="KeyFingerprint">The customer compares it with what the service shows (step 6).</param>
/// <param name="Until">When it disappears.</param>
internal sealed record AdvertisedKey(string ActivationKey, string KeyFingerprint, DateTimeOffset Until)
{
    /// <summary>Where the service's console takes the key; null when the service has said nothing of it.</summary>
    public Uri? ConsoleUrl { get; init; }

    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("KeyFingerprint = ").Append(KeyFingerprint).Append(", Until = ").Append(Until);
        return true;
    }
}
