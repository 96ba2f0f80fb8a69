namespace Tidegate.Cli.Store;

/// <summary>A segment that no base root holds yet.</summary>
/// <param name="Blob">The segment.</param>
/// <param name="Epoch">Epoch that sealed it.</param>
/// <param name="Sequence">Its place in the order.</param>
/// <param name="LogEnd">Log position after it.</param>
/// <param name="LengthBytes">Size of the blob.</param>
/// <param name="FrameBytes">Bytes of its frames.</param>
/// <param name="HostTime">Host's clock at its last record.</param>
/// <param name="IsAfterManifest">True when it was found stored after the manifest.</param>
internal sealed record TailSegmentView(
    string Blob, long Epoch, long Sequence, long LogEnd, long LengthBytes, long FrameBytes, DateTimeOffset HostTime, bool IsAfterManifest);
