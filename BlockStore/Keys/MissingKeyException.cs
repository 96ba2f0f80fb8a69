namespace Tidegate.BlockStore.Keys;

/// <summary>The keyring lacks the key that an object was encrypted with; without it the object cannot be told from noise.</summary>
public sealed class MissingKeyException(LineageId owner, int generation)
    : IOException($"The keyring has no data key of {owner}, generation {generation}. Ask the service for the volume's keys again; if the key was erased, what it protected is gone.")
{
    /// <summary>Whose key.</summary>
    public LineageId Owner { get; } = owner;

    /// <summary>Which generation.</summary>
    public int Generation { get; } = generation;
}
