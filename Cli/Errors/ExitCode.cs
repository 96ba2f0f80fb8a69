using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Cli.Errors;

/// <summary>How <c>tidegate</c> ends; scripts rely on these numbers (<c>docs/protocols/cli.md</c>, Exit codes).</summary>
internal static class ExitCode
{
    public const int Success = 0;
    /// <summary>A fault of the service or of this program.</summary>
    public const int Fault = 1;
    /// <summary>Wrong command line or value.</summary>
    public const int Usage = 2;
    /// <summary>What was named does not exist, or is not yours.</summary>
    public const int NotFound = 3;
    /// <summary>No valid key, or it does not cover the operation.</summary>
    public const int Denied = 4;
    /// <summary>The state of things does not allow it: a name is taken, a limit reached, a key used up.</summary>
    public const int Conflict = 5;
    /// <summary>The gateway cannot be reached or did not answer.</summary>
    public const int GatewayUnreachable = 6;
    /// <summary>The service cannot be reached or cannot do it now; the same command may work later.</summary>
    public const int Unavailable = 7;
    /// <summary>What was waited for failed.</summary>
    public const int WaitFailed = 8;
    /// <summary>What was waited for did not happen within <c>--timeout</c>; it goes on.</summary>
    public const int WaitTimedOut = 9;
    /// <summary>Stored data is damaged.</summary>
    public const int Damaged = 10;
    /// <summary>Interrupted.</summary>
    public const int Interrupted = 130;

    public static int Of(string errorCode) => errorCode switch
    {
        ErrorCodes.InvalidArgument => Usage,
        ErrorCodes.NotFound or ErrorCodes.ActivationKeyNotFound => NotFound,
        ErrorCodes.Unauthenticated or ErrorCodes.Forbidden => Denied,
        ErrorCodes.NameInUse or ErrorCodes.InvalidState or ErrorCodes.LimitExceeded
            or ErrorCodes.ActivationKeyExpired or ErrorCodes.ActivationKeyInvalid => Conflict,
        ErrorCodes.GatewayNotConnected or ErrorCodes.GatewayTimeout => GatewayUnreachable,
        ErrorCodes.Unavailable or ErrorCodes.RateLimited => Unavailable,
        _ => Fault,
    };
}
