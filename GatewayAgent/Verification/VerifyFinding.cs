namespace Tidegate.GatewayAgent.Verification;

/// <summary>Something that a verification has to tell.</summary>
/// <param name="IsDamage">True when bytes are lost or cannot be trusted; false for what is only worth knowing.</param>
/// <param name="What">What is wrong, with what, and where.</param>
/// <param name="NextStep">What to do about it.</param>
internal sealed record VerifyFinding(bool IsDamage, string What, string NextStep);
