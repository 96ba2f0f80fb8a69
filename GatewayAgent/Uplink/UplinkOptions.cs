namespace Tidegate.GatewayAgent.Uplink;

/// <summary>Upper bounds of the uplink's rates that the machine's owner sets; whichever is lower, this or what the service configures, holds.</summary>
/// <param name="UploadBytesPerSecond"><c>UploadBytesPerSecond</c>: null for none.</param>
/// <param name="DownloadBytesPerSecond"><c>DownloadBytesPerSecond</c>: null for none.</param>
internal sealed record UplinkOptions(long? UploadBytesPerSecond = null, long? DownloadBytesPerSecond = null);
