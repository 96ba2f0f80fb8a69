namespace Tidegate.GatewayAgent.Nbd.Wire;

/// <summary>Kinds of information about an export.</summary>
internal enum NbdInfo : ushort
{
    Export = 0,
    Name = 1,
    Description = 2,
    BlockSize = 3,
}
