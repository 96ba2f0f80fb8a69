namespace Tidegate.GatewayAgent.Nbd.Wire;

/// <summary>Error numbers that the protocol allows in replies.</summary>
internal enum NbdError : uint
{
    None = 0,
    NotPermitted = 1,
    Io = 5,
    NoMemory = 12,
    Invalid = 22,
    NoSpace = 28,
    NotSupported = 95,
    ShuttingDown = 108,
}
