namespace Tidegate.BlockStore.Keys;

/// <summary>Account keys in files, as whoever makes them and whoever only reads them opens them alike.</summary>
public abstract class KeyFiles : IKeyProvider
{
    private protected KeyFiles()
    {
    }

    /// <inheritdoc/>
    public abstract ValueTask<byte[]> WrapAsync(LineageId owner, int generation, DataKey key, CancellationToken cancellationToken = default);

    /// <inheritdoc/>
    public ValueTask<DataKey> UnwrapAsync(
        LineageId owner, int generation, ReadOnlyMemory<byte> wrapped, CancellationToken cancellationToken = default)
    {
        using var account = Require(owner.AccountId);
        return ValueTask.FromResult(account.Unwrap(owner, generation, wrapped.Span).Key);
    }

    /// <inheritdoc/>
    public ValueTask<bool> IsCurrentAsync(
        LineageId owner, int generation, ReadOnlyMemory<byte> wrapped, CancellationToken cancellationToken = default)
    {
        using var account = Require(owner.AccountId);
        var (key, isCurrent) = account.Unwrap(owner, generation, wrapped.Span);
        key.Dispose();
        return ValueTask.FromResult(isCurrent);
    }

    /// <inheritdoc/>
    public abstract ValueTask<int> GetGenerationAsync(string accountId, CancellationToken cancellationToken = default);

    /// <inheritdoc/>
    public abstract ValueTask RotateAsync(string accountId, int generation, CancellationToken cancellationToken = default);

    /// <inheritdoc/>
    public abstract ValueTask RetireAsync(string accountId, int generation, CancellationToken cancellationToken = default);

    /// <summary>The account's file, open. Throws when there is none.</summary>
    private protected abstract AccountKeyFile Require(string accountId);
}
