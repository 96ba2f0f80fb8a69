using Tidegate.BlockStore;
using Tidegate.BlockStore.Keys;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>What an attach gave this process: the right to commit, until the service says otherwise.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="Owner">Written into segment headers.</param>
/// <param name="KeyGeneration">Generation of the key.</param>
/// <param name="Key">The data key, in memory alone.</param>
/// <param name="DigestKey">The key of digests, which may be the same. The session's drain disposes both.</param>
internal sealed record EpochSession(long Epoch, LineageId Owner, int KeyGeneration, DataKey Key, DataKey DigestKey) : IDisposable
{
    public static EpochSession From(string volumeId, AttachReply reply) =>
        new(
            reply.Epoch,
            new LineageId(reply.OwnerAccountId, volumeId),
            reply.KeyGeneration,
            new DataKey(reply.DataKey),
            new DataKey(reply.DigestKey.Length > 0 ? reply.DigestKey : reply.DataKey));

    public void Dispose()
    {
        Key.Dispose();
        DigestKey.Dispose();
    }
}
