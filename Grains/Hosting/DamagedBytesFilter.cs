using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Grains.Hosting;

/// <summary>
/// Stored bytes that fail their check end a call as <c>Corrupt</c>, wherever in a grain they were met (I6): the caller is told
/// what is damaged instead of being told to try again.
/// </summary>
internal sealed class DamagedBytesFilter : IIncomingGrainCallFilter
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
    }
}
