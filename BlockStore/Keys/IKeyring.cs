namespace Tidegate.BlockStore.Keys;

/// <summary>The data keys a reader holds, by lineage and generation. A volume's keyring covers every lineage its roots reach.</summary>
public interface IKeyring
{
    /// <summary>The key, or null when the ring does not hold it.</summary>
    DataKey? Find(LineageId owner, int generation);
}
