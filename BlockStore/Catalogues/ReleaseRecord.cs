using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Reclaim;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>
/// What is left of freeing what only a dropped hold needed, when that is more than one change frees (<c>docs/formats/reclaim.md</c>, Units). A
/// hint where to look, never a reference: what it leads to is needed by nothing.
/// </summary>
/// <param name="Hold">What is retained no more.</param>
/// <param name="Before">The retained sequence before the run of sequences that is being looked through.</param>
/// <param name="After">The one after it.</param>
/// <param name="Death">Where to go on: with the dead lists of this death,</param>
/// <param name="Birth">and this birth.</param>
public sealed record ReleaseRecord(Hold Hold, long Before, long After, long Death, long Birth)
{
    /// <summary>A release that has not begun.</summary>
    public static ReleaseRecord Of(Hold hold) => new(hold, -1, -1, 0, 0);

    /// <summary>True when a dead list may be one that it is to free.</summary>
    public bool Meets(DeathRecord death) => Hold.FromSequence < death.Death && Hold.ThroughSequence >= death.Birth;

    internal byte[] Encode()
    {
        var writer = new FormatWriter();
        writer.I64(Before);
        writer.I64(After);
        writer.I64(Death);
        writer.I64(Birth);
        return writer.ToArray();
    }

    internal static ReleaseRecord Decode(Hold hold, ReadOnlySpan<byte> bytes)
    {
        var reader = new FormatReader(bytes, "Catalogue record of a release");
        var release = new ReleaseRecord(
            hold, reader.I64("sequence before", -2, long.MaxValue), reader.I64("sequence after", -2, long.MaxValue),
            reader.I64("death", 0, long.MaxValue), reader.I64("birth", 0, long.MaxValue));
        reader.End();
        return release;
    }
}
