using Azure;

namespace Tidegate.Silo.Blobs;

/// <summary>What the client library throws, in words. It throws by kind of failure and number of attempts, so callers need one view.</summary>
internal static class AzureFailure
{
    /// <summary>True for failures of the store or the way to it, time limits among them; false for the caller's own cancellation and for bugs.</summary>
    public static bool IsOfStore(Exception failure, CancellationToken cancellationToken) => failure switch
    {
        RequestFailedException or IOException => true,
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        AggregateException many => many.InnerExceptions.All(one => IsOfStore(one, cancellationToken)),
        _ => false,
    };

    /// <summary>The HTTP status when the store answered.</summary>
    public static int? StatusOf(Exception failure) => Last(failure) is RequestFailedException { Status: > 0 } answered ? answered.Status : null;

    /// <summary>One line for people: status and code of an answer, or why there was none.</summary>
    public static string Describe(Exception failure)
    {
        var attempts = failure is AggregateException many ? $" after {many.InnerExceptions.Count} attempts" : "";
        return Last(failure) switch
        {
            RequestFailedException { Status: > 0 } answered => $"the store answered {answered.Status} {answered.ErrorCode}{attempts}",
            OperationCanceledException => $"the store did not answer in time{attempts}",
            var broken => $"{broken.Message}{attempts}",
        };
    }

    /// <summary>The error that the callers of <see cref="BlockStore.Blobs.IBlobStore"/> expect.</summary>
    public static IOException ToError(Exception failure, string what, string key) =>
        new($"{what} blob '{key}' failed: {Describe(failure)}. Look at the storage account's state and try again.", failure);

    private static Exception Last(Exception failure) => failure is AggregateException { InnerExceptions: [.., var last] } ? Last(last) : failure;
}
