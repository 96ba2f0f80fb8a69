using Tidegate.BlockStore.Formats;

namespace Tidegate.BlockStore.Verification;

/// <summary>One thing that is not what the format or whoever refers to it says.</summary>
/// <param name="Kind">What.</param>
/// <param name="Volume">The volume in whose reach it was found; others may reach it too.</param>
/// <param name="BlobKey">The blob.</param>
/// <param name="Index">The frame in it; null when the whole blob is meant.</param>
/// <param name="Block">The block whose sectors it holds; null when it is no block's.</param>
/// <param name="Image">The snapshot that led there, or "head"; null when no image did.</param>
/// <param name="Problem">What is wrong with it.</param>
public sealed record StoreDamage(
    DamageKind Kind, LineageId Volume, string BlobKey, int? Index, long? Block, string? Image, string Problem)
{
    internal static StoreDamage Of(DamageKind kind, LineageId volume, string blobKey, Exception cause, int? index = null, long? block = null, string? image = null) =>
        new(kind, volume, blobKey, index, block, image, cause is CorruptDataException corrupt ? corrupt.Problem : cause.Message);
}
