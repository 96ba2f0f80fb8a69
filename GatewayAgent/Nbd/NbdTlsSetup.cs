using System.Net.Security;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>What the TLS files make together.</summary>
/// <param name="Handshake">What handshakes are made with.</param>
/// <param name="NotAfter">When the server's certificate expires.</param>
/// <param name="RevocationsUntil">When the lists of revoked clients should have been replaced; null without one.</param>
internal sealed record NbdTlsSetup(SslServerAuthenticationOptions Handshake, DateTimeOffset NotAfter, DateTimeOffset? RevocationsUntil);
