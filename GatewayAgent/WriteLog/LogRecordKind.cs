namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>Kinds of records (<c>docs/formats/write-log.md</c>, Record); 16 and above are notes.</summary>
internal enum LogRecordKind : byte
{
    Write = 1,
    Discard = 2,
    Zeroes = 3,
    Seal = 16,
    Barrier = 17,
    Resize = 18,
}
