using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Client.Developers;

/// <summary>What goes wrong with a call, as errors that a developer is meant to handle.</summary>
internal static class CallErrors
{
    /// <summary>The error to throw in place of <paramref name="error"/>; the same for a call that its caller has cancelled.</summary>
    public static Exception Of(Exception error, string call, CancellationToken callers = default) => error switch
    {
        TidegateException or ObjectDisposedException { ObjectName: nameof(TidegateClient) } => error,
        OperationCanceledException when callers.IsCancellationRequested => error,
        // The service ends a stream by cancelling it: when its API key is revoked, or its silo stops.
        OperationCanceledException => CutOff(call),
        TimeoutException => new TidegateException(
            ErrorCodes.Unavailable, $"{call} was not answered in time.", "Try again; if it was a change, look first whether it was made, or use the same idempotency key."),
        // A silo that dies, or cannot load a grain's state, is Orleans' to report in many ways.
        OrleansException or ObjectDisposedException or IOException or InvalidOperationException => new TidegateException(
            ErrorCodes.Unavailable, $"{call} could not be finished by the service.", "Try again; if it was a change, look first whether it was made, or use the same idempotency key."),
        _ => new TidegateException(ErrorCodes.Internal, $"{call} failed: {error.Message}", "Check that the client library fits the service's version."),
    };

    /// <summary>The connection ended under the call.</summary>
    public static TidegateException CutOff(string call) => new(
        ErrorCodes.Unavailable, $"{call} was cut off: the service has ended the call or its connection.", "Try again; if it was a change, look first whether it was made, or use the same idempotency key.");
}
