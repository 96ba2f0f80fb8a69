namespace Tidegate.BlockStore.Formats;

/// <summary>
/// Stored bytes are not what their format or their key says (I6): nothing decoded from them has been handed out. Names the
/// object and what is wrong with it.
/// </summary>
public sealed class CorruptDataException : IOException
{
    /// <summary>Reports <paramref name="problem"/> of <paramref name="what"/>.</summary>
    public CorruptDataException(string what, string problem, Exception? inner = null)
        : base(
            $"{what} is corrupt: {problem}. Nothing was read from it; restore the blob from a replica or choose another recovery point.",
            inner)
    {
        What = what;
        Problem = problem;
    }

    /// <summary>The object, by key where it has one.</summary>
    public string What { get; }

    /// <summary>What is wrong with it.</summary>
    public string Problem { get; }
}
