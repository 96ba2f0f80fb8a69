namespace Tidegate.Grains.Interfaces.Accounts;

/// <summary>How far the rotation of an account's key has come (<c>docs/operating/keys.md</c>).</summary>
public enum KeyRotationStage
{
    /// <summary>Every wrapped key is put under the new account key.</summary>
    Rewrapping = 0,

    /// <summary>All are; what was under way when the rotation began has time to end.</summary>
    Waiting = 1,

    /// <summary>Everything is looked at once more.</summary>
    Checking = 2,

    /// <summary>Nothing was left; the earlier account keys are retired.</summary>
    Completed = 3,
}
