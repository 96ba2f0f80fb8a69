namespace Tidegate.BlockStore.Keys;

/// <summary>A keyring in memory. Reading is safe from many threads once it is filled.</summary>
public sealed class Keyring : IKeyring
{
    private readonly Dictionary<(LineageId Owner, int Generation), DataKey> _keys = [];

    /// <summary>Adds or replaces a key; returns this ring.</summary>
    public Keyring Add(LineageId owner, int generation, DataKey key)
    {
        _keys[(owner, generation)] = key;
        return this;
    }

    /// <inheritdoc/>
    public DataKey? Find(LineageId owner, int generation) => _keys.GetValueOrDefault((owner, generation));
}
