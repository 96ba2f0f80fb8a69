namespace Tidegate.Grains.Interfaces.Accounts;

/// <summary>How the last rotation of an account's key stands.</summary>
/// <param name="Generation">Generation of the account key that everything is put under, from 2.</param>
/// <param name="Stage">How far it has come.</param>
/// <param name="Volumes">Volumes seen to in the present pass.</param>
/// <param name="TotalVolumes">Volumes to see to in it; 0 before they are listed.</param>
/// <param name="RewrappedKeys">Keyrings and record keys wrapped again so far.</param>
/// <param name="NextPassAt">When it goes on; null while it does.</param>
/// <param name="Problem">What keeps it from ending; empty when nothing does.</param>
[GenerateSerializer, Immutable, Alias("tidegate.key-rotation-description")]
public sealed record KeyRotationDescription(
    [property: Id(0)] int Generation,
    [property: Id(1)] KeyRotationStage Stage,
    [property: Id(2)] int Volumes,
    [property: Id(3)] int TotalVolumes,
    [property: Id(4)] int RewrappedKeys,
    [property: Id(5)] DateTimeOffset? NextPassAt,
    [property: Id(6)] string Problem);
