using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Interfaces.Accounts;

/// <summary>Whom a session stands for.</summary>
/// <param name="SessionId">Names it among the user's; no part of its token.</param>
/// <param name="UserName">The user's name.</param>
/// <param name="Caller">Whom grains see calling.</param>
/// <param name="EndsAt">When it ends however much it is used.</param>
[GenerateSerializer, Immutable, Alias("tidegate.session-description")]
public sealed record SessionDescription(
    [property: Id(0)] string SessionId,
    [property: Id(1)] string UserName,
    [property: Id(2)] Caller Caller,
    [property: Id(3)] DateTimeOffset EndsAt)
{
    /// <summary>True when the user has a password here, and not an identity provider to vouch for it.</summary>
    [Id(4)]
    public bool HasPassword { get; init; }
}
