namespace Tidegate.Client.Rest.Models;

/// <summary>What is about to be activated, for the customer to compare with the gateway's own page (mission 4, step 6).</summary>
/// <param name="Metadata">What the gateway says of its machine.</param>
/// <param name="KeyFingerprint">Fingerprint of the gateway's public key; the gateway shows the same.</param>
/// <param name="ExpiresAt">When the activation key stops working.</param>
public sealed record ActivationPreviewView(GatewayMetadataView Metadata, string KeyFingerprint, DateTimeOffset ExpiresAt);
