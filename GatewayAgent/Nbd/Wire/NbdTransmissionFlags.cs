namespace Tidegate.GatewayAgent.Nbd.Wire;

/// <summary>What an export can do, told at the end of the handshake.</summary>
[Flags]
internal enum NbdTransmissionFlags : ushort
{
    None = 0,
    HasFlags = 1,
    ReadOnly = 2,
    SendFlush = 4,
    SendFua = 8,
    SendTrim = 32,
    SendWriteZeroes = 64,
    SendDf = 128,
    CanMultiConn = 256,
    SendCache = 1024,
    SendFastZero = 2048,
}
