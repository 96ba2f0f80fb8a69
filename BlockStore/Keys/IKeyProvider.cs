namespace Tidegate.BlockStore.Keys;

/// <summary>
/// Where account keys live: wraps and unwraps data keys so that an account key need never leave its keeper. The default keeps
/// one key file an account (<see cref="KeyFileProvider"/>).
/// </summary>
public interface IKeyProvider
{
    /// <summary>Wraps a data key under the owner account's key, which is made on first use.</summary>
    ValueTask<byte[]> WrapAsync(LineageId owner, int generation, DataKey key, CancellationToken cancellationToken = default);

    /// <summary>
    /// Unwraps a data key. Throws <see cref="Formats.CorruptDataException"/> when it does not open, <see
    /// cref="FileNotFoundException"/> when the account has no key here.
    /// </summary>
    ValueTask<DataKey> UnwrapAsync(
        LineageId owner, int generation, ReadOnlyMemory<byte> wrapped, CancellationToken cancellationToken = default);

    /// <summary>
    /// True when a wrapped key was wrapped by the account's current key, false when by an earlier one that is still kept. Throws as
    /// <see cref="UnwrapAsync"/> does.
    /// </summary>
    ValueTask<bool> IsCurrentAsync(LineageId owner, int generation, ReadOnlyMemory<byte> wrapped, CancellationToken cancellationToken = default);

    /// <summary>Generation of the account's current key, counted from 1; 0 when it has none yet.</summary>
    ValueTask<int> GetGenerationAsync(string accountId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Makes the account's key of a generation, the one after the current one, and makes it current; those before go on opening what they
    /// wrapped. Does nothing when the account has a key of that generation or a later one. Throws <see
    /// cref="InvalidOperationException"/> when a generation would be skipped.
    /// </summary>
    ValueTask RotateAsync(string accountId, int generation, CancellationToken cancellationToken = default);

    /// <summary>
    /// Forgets the account's keys of generations before that one. The caller knows that nothing is wrapped by them any more.
    /// </summary>
    ValueTask RetireAsync(string accountId, int generation, CancellationToken cancellationToken = default);
}
