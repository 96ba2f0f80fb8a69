using Microsoft.Extensions.Logging;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Grains.Hosting;

/// <summary>
/// What the blob store does to a call, in words that may leave the service. Stored bytes that fail their check end a call as
/// <c>Corrupt</c>, wherever in a grain they were met (I6): the caller is told what is damaged instead of being told to try again. A store
/// that fails ends it as <c>Unavailable</c>; why is for the operator's log, not for a customer's gateway.
/// </summary>
internal sealed partial class StorageFailureFilter(ILogger<StorageFailureFilter> logger) : IIncomingGrainCallFilter
{
    private const string Next = "Use another snapshot; the operator can verify the store to see what else is damaged.";

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        try
        {
            await context.Invoke();
        }
        catch (CorruptDataException damaged)
        {
            throw new TidegateException(ErrorCodes.Corrupt, damaged.Message, Next);
        }
        catch (BlobNotFoundException gone)
        {
            throw new TidegateException(ErrorCodes.Corrupt, gone.Message, Next);
        }
        catch (BlobConflictException other)
        {
            LogConflict(other, context.TargetId, context.MethodName);
            throw new TidegateException(ErrorCodes.Corrupt, $"Blob '{other.Key}' exists with other bytes than were to be stored.", Next);
        }
        catch (IOException failure)
        {
            LogUnavailable(failure, context.TargetId, context.MethodName);
            throw new TidegateException(ErrorCodes.Unavailable, "The service's storage could not do what this call needs.", "Try again later.");
        }
    }

    [LoggerMessage(151, LogLevel.Error, "A blob that {Grain} was to store in {Method} exists with other bytes: somebody else writes to the store")]
    private partial void LogConflict(Exception failure, GrainId grain, string method);

    [LoggerMessage(152, LogLevel.Warning, "The storage failed {Grain} in {Method}")]
    private partial void LogUnavailable(Exception failure, GrainId grain, string method);
}
