namespace Tidegate.BlockStore.Verification;

/// <summary>How far a scrub of one volume has come.</summary>
/// <param name="Position">Last blob that was checked: where it goes on after a break; empty before the first.</param>
/// <param name="Blobs">Blobs checked since it began or went on.</param>
/// <param name="Bytes">Bytes of data read since then.</param>
/// <param name="Suspects">Blobs in which something is damaged, as far as is known.</param>
public readonly record struct ScrubProgress(string Position, long Blobs, long Bytes, IReadOnlyCollection<string> Suspects);
