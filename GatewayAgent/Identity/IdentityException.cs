namespace Tidegate.GatewayAgent.Identity;

/// <summary>Something is wrong with the identity on disk. The agent stops and changes nothing: what is there may be the only copy.</summary>
internal sealed class IdentityException(string message, string nextStep, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What the reader can do about it.</summary>
    public string NextStep { get; } = nextStep;
}
