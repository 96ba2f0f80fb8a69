using Tidegate.Grains.Interfaces.Accounts;

namespace Tidegate.Client.Rest.Models;

/// <summary>How the rotation of an account's key stands: part of <c>GET /v1/accounts/{id}</c>.</summary>
/// <param name="Generation">Generation of the account key that everything is put under.</param>
/// <param name="Stage">How far it has come.</param>
/// <param name="Volumes">Volumes seen to in the present pass.</param>
/// <param name="TotalVolumes">Volumes to see to in it.</param>
/// <param name="RewrappedKeys">Keyrings and record keys wrapped again so far.</param>
/// <param name="NextPassAt">When it goes on; absent while it does.</param>
/// <param name="Problem">What keeps it from ending; empty when nothing does.</param>
public sealed record AccountKeyRotationView(
    int Generation, KeyRotationStage Stage, int Volumes, int TotalVolumes, int RewrappedKeys, DateTimeOffset? NextPassAt, string Problem);
