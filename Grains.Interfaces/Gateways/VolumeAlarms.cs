namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>What is wrong with a volume's way to the service (M2.10), any number of them; each is raised and cleared with hysteresis.</summary>
[Flags]
public enum VolumeAlarms
{
    /// <summary>Nothing.</summary>
    None = 0,
    /// <summary>The newest state that the service could restore is older than the volume's recovery point objective, or may be, because its gateway is away.</summary>
    RecoveryPointOld = 1,
    /// <summary>More than 70 % of the write log waits for the service.</summary>
    LogFilling = 2,
    /// <summary>More than 90 % of the write log waits for the service.</summary>
    LogNearlyFull = 4,
    /// <summary>Data waits, and nothing was committed for longer than the objective and a minute.</summary>
    DrainStalled = 8,
    /// <summary>The bandwidth limit held uploads back for a minute in which hosts wrote more than was committed.</summary>
    UplinkTooSlow = 16,
}
