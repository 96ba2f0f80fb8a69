using Tidegate.Grains.Interfaces.Accounts;

namespace Tidegate.Grains.Accounts;

/// <summary>A user's session as it is saved. The token has 256 random bits, so one SHA-256 of it is hash enough.</summary>
[GenerateSerializer, Alias("tidegate.state.session")]
internal sealed record SavedSession(
    [property: Id(0)] byte[] TokenHash,
    [property: Id(1)] SessionOrigin Origin,
    [property: Id(2)] DateTimeOffset BegunAt,
    [property: Id(3)] DateTimeOffset LastUsedAt)
{
    /// <summary>Names the session among the user's.</summary>
    public string SessionId => Convert.ToHexStringLower(TokenHash.AsSpan(0, 8));
}
