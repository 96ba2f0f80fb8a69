namespace Tidegate.BlockStore.Keys;

/// <summary>
/// Account keys for tools that only read: a directory of <c>ACCOUNT.key</c> files, or one such file, which is then tried for whatever
/// account is asked for. Makes and changes no keys.
/// </summary>
public sealed class KeyFileReader : KeyFiles
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
    public override ValueTask<byte[]> WrapAsync(LineageId owner, int generation, DataKey key, CancellationToken cancellationToken = default) => throw ReadOnly();

    /// <inheritdoc/>
    public override ValueTask<int> GetGenerationAsync(string accountId, CancellationToken cancellationToken = default)
    {
        using var account = Require(accountId);
        return ValueTask.FromResult(account.Current.Generation);
    }

    /// <inheritdoc/>
    public override ValueTask RotateAsync(string accountId, int generation, CancellationToken cancellationToken = default) => throw ReadOnly();

    /// <inheritdoc/>
    public override ValueTask RetireAsync(string accountId, int generation, CancellationToken cancellationToken = default) => throw ReadOnly();

    private static NotSupportedException ReadOnly() => new("Keys opened for reading wrap nothing and are not rotated.");

    private protected override AccountKeyFile Require(string accountId)
    {
        var path = _isDirectory ? Path.Combine(_path, accountId + AccountKeyFile.Extension) : _path;
        return AccountKeyFile.Read(path)
            ?? throw new FileNotFoundException($"Account {accountId} has no key file in {_path}. Give the one from your key backup.", path);
    }
}
