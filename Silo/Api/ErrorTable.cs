using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Silo.Api;

/// <summary>The one table from error codes to HTTP (<c>docs/protocols/rest.md</c>, Errors). A test holds it complete.</summary>
internal static class ErrorTable
{
    /// <summary>Status and title of every code.</summary>
    public static readonly IReadOnlyDictionary<string, (int Status, string Title)> Entries = new Dictionary<string, (int, string)>
    {
        [ErrorCodes.InvalidArgument] = (StatusCodes.Status400BadRequest, "A value is missing, malformed or out of range"),
        [ErrorCodes.Unauthenticated] = (StatusCodes.Status401Unauthorized, "No valid credential"),
        [ErrorCodes.Forbidden] = (StatusCodes.Status403Forbidden, "The credential does not cover this"),
        [ErrorCodes.TicketRefused] = (StatusCodes.Status403Forbidden, "The ticket is refused"),
        [ErrorCodes.NotFound] = (StatusCodes.Status404NotFound, "No such resource"),
        [ErrorCodes.ActivationKeyNotFound] = (StatusCodes.Status404NotFound, "The activation key matches no gateway"),
        [ErrorCodes.NameInUse] = (StatusCodes.Status409Conflict, "The name is taken"),
        [ErrorCodes.InvalidState] = (StatusCodes.Status409Conflict, "The resource's state does not allow this"),
        [ErrorCodes.ActivationKeyInvalid] = (StatusCodes.Status409Conflict, "The activation key cannot be used"),
        [ErrorCodes.StaleEpoch] = (StatusCodes.Status409Conflict, "A newer writer has taken over"),
        [ErrorCodes.Diverged] = (StatusCodes.Status409Conflict, "The histories have forked"),
        [ErrorCodes.CommitRefused] = (StatusCodes.Status409Conflict, "The commit does not follow the head"),
        [ErrorCodes.LimitExceeded] = (StatusCodes.Status409Conflict, "A limit is reached"),
        [ErrorCodes.GatewayNotConnected] = (StatusCodes.Status409Conflict, "The gateway is not connected"),
        [ErrorCodes.ActivationKeyExpired] = (StatusCodes.Status410Gone, "The activation key has expired"),
        [ErrorCodes.RateLimited] = (StatusCodes.Status429TooManyRequests, "Too many requests"),
        [ErrorCodes.Corrupt] = (StatusCodes.Status500InternalServerError, "Stored data failed its check"),
        [ErrorCodes.Internal] = (StatusCodes.Status500InternalServerError, "A fault of the service"),
        [ErrorCodes.Unavailable] = (StatusCodes.Status503ServiceUnavailable, "The service cannot do it now"),
        [ErrorCodes.GatewayTimeout] = (StatusCodes.Status504GatewayTimeout, "The gateway did not answer in time"),
    };

    /// <summary>Status and title of a code; an unknown one is a fault of ours.</summary>
    public static (int Status, string Title) For(string code) => Entries.GetValueOrDefault(code, Entries[ErrorCodes.Internal]);

    /// <summary>The code that stands for a status which the server itself gave.</summary>
    public static string CodeFor(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => ErrorCodes.Unauthenticated,
        StatusCodes.Status403Forbidden => ErrorCodes.Forbidden,
        StatusCodes.Status404NotFound => ErrorCodes.NotFound,
        StatusCodes.Status429TooManyRequests => ErrorCodes.RateLimited,
        StatusCodes.Status503ServiceUnavailable => ErrorCodes.Unavailable,
        >= 400 and < 500 => ErrorCodes.InvalidArgument,
        _ => ErrorCodes.Internal,
    };
}
