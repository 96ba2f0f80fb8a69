namespace Tidegate.Grains.Interfaces.Security;

/// <summary>
/// Who makes a call, as verified by the call filter (clients) or by the API's authentication (REST). Travels in the
/// request context under <see cref="ContextKey"/>; whatever a client wrote there is replaced before a grain sees it.
/// </summary>
/// <param name="Role">The verified role.</param>
/// <param name="AccountId">The account; empty for operators.</param>
/// <param name="GatewayId">The gateway for agents; otherwise empty.</param>
/// <param name="ActorId">What audit records name: an API key id, a gateway id, a user.</param>
[GenerateSerializer, Immutable, Alias("tidegate.caller")]
public sealed record Caller(
    [property: Id(0)] Role Role,
    [property: Id(1)] string AccountId,
    [property: Id(2)] string GatewayId,
    [property: Id(3)] string ActorId)
{
    /// <summary>The Orleans client id that the call came from, as the link's token proves it; empty for callers without a link.</summary>
    [Id(4)] public string ClientId { get; init; } = "";

    /// <summary>The volumes that the credential is bound to, their ids with a comma between; empty for one that is bound to none and covers all.</summary>
    [Id(5)] public string Volumes { get; init; } = "";

    /// <summary>When the credential ends; null for one that does not. What is made with it must end by then too, if it is a credential itself.</summary>
    [Id(6)] public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>False for a volume outside the credential's bounds; it looks like one that does not exist. What belongs to no volume, "", is outside all bounds.</summary>
    public bool Covers(string volumeId) => Volumes.Length == 0 || (volumeId.Length > 0 && Volumes.Split(',').Contains(volumeId));

    /// <summary>Key of the request context entry.</summary>
    public const string ContextKey = "tidegate.caller";
    /// <summary>Key under which a client presents its link token.</summary>
    public const string TokenKey = "tidegate.token";
    /// <summary>A caller without any right.</summary>
    public static readonly Caller Nobody = new(Role.None, "", "", "");
    /// <summary>The caller of the current call, or <see cref="Nobody"/>.</summary>
    public static Caller Current => RequestContext.Get(ContextKey) as Caller ?? Nobody;
}
