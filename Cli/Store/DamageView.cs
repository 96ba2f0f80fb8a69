using Tidegate.BlockStore.Verification;

namespace Tidegate.Cli.Store;

/// <summary>One thing that is damaged.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Blob">The blob.</param>
/// <param name="Index">The frame in it.</param>
/// <param name="Block">The 64 KiB block whose sectors it holds.</param>
/// <param name="Volume">Volume in whose reach it was found.</param>
/// <param name="Image">Snapshot that led there, or <c>head</c>.</param>
/// <param name="Problem">What is wrong.</param>
internal sealed record DamageView(DamageKind Kind, string Blob, int? Index, long? Block, string Volume, string? Image, string Problem)
{
    public static DamageView Of(StoreDamage damage) => new(
        damage.Kind, damage.BlobKey, damage.Index, damage.Block, damage.Volume.ToString(), damage.Image, damage.Problem);
}
