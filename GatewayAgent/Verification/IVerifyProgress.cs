namespace Tidegate.GatewayAgent.Verification;

/// <summary>Hears how far the verification of a volume has come.</summary>
internal interface IVerifyProgress
{
    /// <summary>Bytes of the log read so far.</summary>
    void LogRead(long bytes);

    /// <summary>Bytes of the store read so far.</summary>
    void StoreRead(long bytes);
}
