namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>
/// Bytes that were durable are not what was written. The volume is <c>Failed</c>: nothing in the log is changed, so that
/// the owner can still copy it, restore from the service, or call support.
/// </summary>
internal sealed class LogCorruptException(string volumeId, string what)
    : IOException($"The write log of volume '{volumeId}' is damaged: {what}. Nothing was changed. Restore the volume from its last snapshot, or keep the directory for support.")
{
    public string VolumeId { get; } = volumeId;
}
