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
}
