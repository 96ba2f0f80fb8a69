using Tidegate.BlockStore;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Grains.Volumes;

/// <summary>A volume's data keys, unwrapped once per activation and kept in memory alone.</summary>
internal sealed class VolumeKeys
{
    private readonly List<(WrappedLineageKey Wrapped, LineageId Owner, DataKey Key)> _keys;

    private VolumeKeys(List<(WrappedLineageKey, LineageId, DataKey)> keys)
    {
        _keys = keys;
        foreach (var (wrapped, owner, key) in _keys) Ring.Add(owner, wrapped.Generation, key);
        var own = _keys[0];
        Sealer = new LineageSealer(own.Owner, own.Wrapped.Generation, own.Key, RandomNonceSource.Instance);
    }

    /// <summary>Every key, for readers.</summary>
    public Keyring Ring { get; } = new();

    /// <summary>Seals pages and manifests of the volume's own lineage.</summary>
    public LineageSealer Sealer { get; }

    /// <summary>Every key as it is stored, for manifests.</summary>
    public IReadOnlyList<WrappedKey> Wrapped =>
        [.. _keys.Select(key => new WrappedKey(key.Owner, key.Wrapped.Generation, key.Wrapped.WrappedKey))];

    /// <summary>The volume's own key, for its agent.</summary>
    public byte[] ExportOwn() => _keys[0].Key.Export();

    /// <summary>The key of the volume's first generation, which digests are made with, for its agent.</summary>
    public byte[] ExportDigest() => _keys.Where(key => key.Owner == _keys[0].Owner).MinBy(key => key.Wrapped.Generation).Key.Export();

    /// <summary>Every key, for its agent.</summary>
    public IReadOnlyList<LineageKey> ExportAll() =>
        _keys.Select(key => new LineageKey(key.Owner.AccountId, key.Owner.VolumeId, key.Wrapped.Generation, key.Key.Export())).ToArray();

    /// <summary>Makes a volume's key of a generation, wrapped by its account's.</summary>
    public static async Task<WrappedLineageKey> MakeAsync(IKeyProvider provider, LineageId owner, int generation)
    {
        using var key = DataKey.Generate();
        var wrapped = await provider.WrapAsync(owner, generation, key);
        return new WrappedLineageKey(owner.AccountId, owner.VolumeId, generation, wrapped);
    }

    /// <summary>The ring with every key wrapped by the account's current one; null when all of them are.</summary>
    public static async Task<WrappedLineageKey[]?> RewrapAsync(IKeyProvider provider, IReadOnlyList<WrappedLineageKey> ring)
    {
        var renewed = false;
        var next = new WrappedLineageKey[ring.Count];
        for (var i = 0; i < next.Length; i++)
        {
            var (wrapped, owner) = (ring[i], new LineageId(ring[i].AccountId, ring[i].VolumeId));
            next[i] = wrapped;
            if (await provider.IsCurrentAsync(owner, wrapped.Generation, wrapped.WrappedKey)) continue;
            using var key = await provider.UnwrapAsync(owner, wrapped.Generation, wrapped.WrappedKey);
            next[i] = wrapped with { WrappedKey = await provider.WrapAsync(owner, wrapped.Generation, key) };
            renewed = true;
        }

        return renewed ? next : null;
    }

    /// <summary>Unwraps a keyring; its first key is the volume's own.</summary>
    public static async Task<VolumeKeys> UnwrapAsync(IKeyProvider provider, IReadOnlyList<WrappedLineageKey> ring)
    {
        var keys = new List<(WrappedLineageKey, LineageId, DataKey)>();
        foreach (var wrapped in ring)
        {
            var owner = new LineageId(wrapped.AccountId, wrapped.VolumeId);
            keys.Add((wrapped, owner, await provider.UnwrapAsync(owner, wrapped.Generation, wrapped.WrappedKey)));
        }

        return new VolumeKeys(keys);
    }
}
