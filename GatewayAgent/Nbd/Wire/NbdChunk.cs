namespace Tidegate.GatewayAgent.Nbd.Wire;

/// <summary>Types of structured reply chunks.</summary>
internal enum NbdChunk : ushort
{
    None = 0,
    OffsetData = 1,
    OffsetHole = 2,
    BlockStatus = 5,
    Error = 0x8001,
}
