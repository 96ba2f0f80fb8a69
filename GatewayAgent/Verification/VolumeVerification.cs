namespace Tidegate.GatewayAgent.Verification;

/// <summary>What a verification looked at and found in one volume.</summary>
/// <param name="VolumeId">The volume.</param>
/// <param name="Name">Its name; empty when the stored configuration does not know it.</param>
/// <param name="Records">Log records whose checksums were checked.</param>
/// <param name="LogBytes">Bytes that they take up.</param>
/// <param name="UncommittedBytes">Log bytes that the service had not reported as committed when the agent ended.</param>
/// <param name="StoreBytes">Bytes of the local store that were read; holes are not.</param>
/// <param name="ComparedBytes">Bytes of the store that were compared with what the log last wrote there.</param>
/// <param name="PresentBytes">Bytes that are in the store of a volume whose restore is not complete; null for any other.</param>
/// <param name="Findings">Everything found; empty when all is well.</param>
internal sealed record VolumeVerification(
    string VolumeId,
    string Name,
    long Records,
    long LogBytes,
    long UncommittedBytes,
    long StoreBytes,
    long ComparedBytes,
    long? PresentBytes,
    IReadOnlyList<VerifyFinding> Findings)
{
    /// <summary>True when nothing is damaged.</summary>
    public bool IsSound => !Findings.Any(static finding => finding.IsDamage);
}
