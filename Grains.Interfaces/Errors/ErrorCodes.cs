namespace Tidegate.Grains.Interfaces.Errors;

/// <summary>
/// Every error a caller can be told, by name. One table maps them to HTTP problem details and exit codes
/// (<c>docs/protocols/rest.md</c>). Names never change; new ones are added.
/// </summary>
public static class ErrorCodes
{
    /// <summary>The gateway does not exist, belongs to somebody else, or holds no connection (M1.8).</summary>
    public const string GatewayNotConnected = nameof(GatewayNotConnected);
    /// <summary>The gateway did not answer in time; the request may or may not have been carried out (M1.9).</summary>
    public const string GatewayTimeout = nameof(GatewayTimeout);
    /// <summary>The id is unknown, or not the caller's: the two are never told apart.</summary>
    public const string NotFound = nameof(NotFound);
    /// <summary>A name is taken within the account (M3.7).</summary>
    public const string NameInUse = nameof(NameInUse);
    /// <summary>A value is missing, malformed or out of range; the message names it.</summary>
    public const string InvalidArgument = nameof(InvalidArgument);
    /// <summary>The resource's state does not allow the operation now.</summary>
    public const string InvalidState = nameof(InvalidState);
    /// <summary>A limit of the account, gateway or volume is reached.</summary>
    public const string LimitExceeded = nameof(LimitExceeded);
    /// <summary>No valid credential.</summary>
    public const string Unauthenticated = nameof(Unauthenticated);
    /// <summary>The credential is valid and does not cover the operation.</summary>
    public const string Forbidden = nameof(Forbidden);
    /// <summary>Too many attempts; retry later (M4.4).</summary>
    public const string RateLimited = nameof(RateLimited);
    /// <summary>The activation key matches no session, or is none at all: the two are not told apart (M4.4, M4.5).</summary>
    public const string ActivationKeyNotFound = nameof(ActivationKeyNotFound);
    /// <summary>The activation session has expired (M4.5).</summary>
    public const string ActivationKeyExpired = nameof(ActivationKeyExpired);
    /// <summary>The activation key was used, or is presented by the wrong key pair (M4.5).</summary>
    public const string ActivationKeyInvalid = nameof(ActivationKeyInvalid);
    /// <summary>A commit carries an epoch older than the head's (I7).</summary>
    public const string StaleEpoch = nameof(StaleEpoch);
    /// <summary>The agent's history has forked from the volume's (M2.7).</summary>
    public const string Diverged = nameof(Diverged);
    /// <summary>A commit does not follow the head: sequence or previous digest is wrong.</summary>
    public const string CommitRefused = nameof(CommitRefused);
    /// <summary>A commit's ticket is over one hour old or was not issued for that blob.</summary>
    public const string TicketRefused = nameof(TicketRefused);
    /// <summary>Stored or received bytes fail their checksum or authentication (I6).</summary>
    public const string Corrupt = nameof(Corrupt);
    /// <summary>The service cannot do it now; try again.</summary>
    public const string Unavailable = nameof(Unavailable);
    /// <summary>A fault of the service; the message carries a trace id.</summary>
    public const string Internal = nameof(Internal);
}
