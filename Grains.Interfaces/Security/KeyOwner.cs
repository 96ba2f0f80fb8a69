namespace Tidegate.Grains.Interfaces.Security;

/// <summary>How the call filter ties a grain key to the caller.</summary>
public enum KeyOwner
{
    /// <summary>The grain itself compares its state with the <see cref="Caller"/> and answers foreign as missing.</summary>
    CheckedByGrain = 0,
    /// <summary>The key is the caller's gateway id.</summary>
    Gateway = 1,
    /// <summary>The key is the caller's account id.</summary>
    Account = 2,
}
