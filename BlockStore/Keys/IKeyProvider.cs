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

    /// <summary>
    /// Makes a new current key for an account; the one before goes on opening what it wrapped until it is retired. Begun again, a
    /// rotation goes on: an account has at most one key that is being retired.
    /// </summary>
    ValueTask RotateAsync(string accountId, CancellationToken cancellationToken = default);

    /// <summary>Forgets every key of an account but the current one. The caller knows that nothing is wrapped by them any more.</summary>
    ValueTask RetireAsync(string accountId, CancellationToken cancellationToken = default);
}
