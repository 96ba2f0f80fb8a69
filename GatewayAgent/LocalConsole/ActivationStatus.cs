using System.Text;

namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>The activation key while it is advertised.</summary>
internal sealed record ActivationStatus(string ActivationKey, string KeyFingerprint, DateTimeOffset Until, string ConsoleUrl)
{
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("KeyFingerprint = ").Append(KeyFingerprint).Append(", Until = ").Append(Until.ToString("O"));
        return true;
    }
}
