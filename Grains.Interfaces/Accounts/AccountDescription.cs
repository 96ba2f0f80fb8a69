namespace Tidegate.Grains.Interfaces.Accounts;

/// <summary>An account.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.account-description")]
public sealed record AccountDescription(
    [property: Id(0)] string AccountId,
    [property: Id(1)] string Name,
    [property: Id(2)] DateTimeOffset CreatedAt)
{
    /// <summary>When the rotation of the account's key that is under way was begun; null when none is.</summary>
    [Id(3)]
    public DateTimeOffset? KeyRotationBegunAt { get; init; }

    /// <summary>When the last rotation ended; null when the key is the first.</summary>
    [Id(4)]
    public DateTimeOffset? KeyRotatedAt { get; init; }

    /// <summary>How the last rotation stands; null when there was none.</summary>
    [Id(5)]
    public KeyRotationDescription? KeyRotation { get; init; }
}
