using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.GatewayAgent.Link;

/// <summary>Gives the failures of remote calls a name: the service's own errors pass as they are, everything else is a broken way to it.</summary>
internal static class LinkFailures
{
    public static TidegateException Translate(Exception error) => error switch
    {
        TidegateException named => named,
        TimeoutException => new TidegateException(ErrorCodes.Unavailable, $"The service did not answer in time: {error.Message}"),
        _ => new TidegateException(ErrorCodes.Unavailable, $"The link to the service failed: {error.Message}"),
    };

    /// <summary>True when the service knows this gateway's credential and does not take it.</summary>
    public static bool IsRefusal(TidegateException error) => error.Code is ErrorCodes.Unauthenticated or ErrorCodes.Forbidden or ErrorCodes.NotFound;
}
