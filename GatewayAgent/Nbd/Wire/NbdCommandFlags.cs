namespace Tidegate.GatewayAgent.Nbd.Wire;

/// <summary>Flags of one request.</summary>
[Flags]
internal enum NbdCommandFlags : ushort
{
    None = 0,
    Fua = 1,
    NoHole = 2,
    DontFragment = 4,
    RequestOne = 8,
    FastZero = 16,
}
