namespace Tidegate.BlockStore.Keys;

/// <summary>
/// Account keys for tools that only read: a directory of <c>ACCOUNT.key</c> files, or one such file, which is then tried for whatever
/// account is asked for. Makes no keys.
/// </summary>
public sealed class KeyFileReader : IKeyProvider
{
    private readonly string _path;
    private readonly bool _isDirectory;

    /// <summary>Uses a path that exists; throws <see cref="FileNotFoundException"/> otherwise.</summary>
    public KeyFileReader(string path)
    {
        if (!Path.Exists(path)) throw new FileNotFoundException($"There is no key file or directory of key files at '{path}'.", path);
        (_path, _isDirectory) = (Path.GetFullPath(path), Directory.Exists(path));
    }

    /// <inheritdoc/>
    public ValueTask<byte[]> WrapAsync(LineageId owner, int generation, DataKey key, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("Keys opened for reading wrap nothing.");

    /// <inheritdoc/>
    public ValueTask<DataKey> UnwrapAsync(
        LineageId owner, int generation, ReadOnlyMemory<byte> wrapped, CancellationToken cancellationToken = default)
    {
        var path = _isDirectory ? Path.Combine(_path, owner.AccountId + AccountKeyFile.Extension) : _path;
        using var account = AccountKeyFile.Read(path)
            ?? throw new FileNotFoundException($"Account {owner.AccountId} has no key file in {_path}. Give the one from your key backup.", path);
        return ValueTask.FromResult(account.Unwrap(owner, generation, wrapped.Span));
    }
}
