namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Whether clients of a listening address use TLS (docs/protocols/nbd.md, TLS).</summary>
internal enum NbdTlsMode
{
    Off,
    Allowed,
    Required,
}
