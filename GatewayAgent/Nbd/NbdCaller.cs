namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Who connected where.</summary>
/// <param name="Remote">For people.</param>
/// <param name="CountedAs">What limits by address count: an IPv4 address, the first 64 bits of an IPv6 address, a Unix socket.</param>
/// <param name="TlsMode">The mode of the address that was called.</param>
/// <param name="IsUnix">True for a Unix socket.</param>
internal readonly record struct NbdCaller(string Remote, string CountedAs, NbdTlsMode TlsMode, bool IsUnix = false);
