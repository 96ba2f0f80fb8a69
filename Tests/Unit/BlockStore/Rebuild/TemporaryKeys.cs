using Tidegate.BlockStore.Keys;

namespace Tidegate.Tests.Unit.BlockStore.Rebuild;

/// <summary>Key files in a directory of their own.</summary>
internal sealed class TemporaryKeys : IDisposable
{
    public TemporaryKeys() => Provider = new KeyFileProvider(Path);

    public string Path { get; } = Directory.CreateTempSubdirectory("tidegate-keys-").FullName;

    public KeyFileProvider Provider { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
