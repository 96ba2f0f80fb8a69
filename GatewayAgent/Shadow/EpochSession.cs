using Tidegate.BlockStore;
using Tidegate.BlockStore.Keys;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>What an attach gave this process: the right to commit, until the service says otherwise.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="Owner">Written into segment headers.</param>
/// <param name="KeyGeneration">Generation of the key.</param>
/// <param name="Key">The data key, in memory alone. The session's drain disposes it.</param>
internal sealed record EpochSession(long Epoch, LineageId Owner, int KeyGeneration, DataKey Key)
{
    public static EpochSession From(string volumeId, AttachReply reply) =>
        new(reply.Epoch, new LineageId(reply.OwnerAccountId, volumeId), reply.KeyGeneration, new DataKey(reply.DataKey));
}
