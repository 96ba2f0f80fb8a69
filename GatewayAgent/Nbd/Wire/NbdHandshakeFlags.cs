namespace Tidegate.GatewayAgent.Nbd.Wire;

/// <summary>Handshake flags; the client answers with the same bits.</summary>
[Flags]
internal enum NbdHandshakeFlags : ushort
{
    None = 0,
    FixedNewstyle = 1,
    NoZeroes = 2,
}
