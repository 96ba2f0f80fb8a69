using System.Security.Cryptography;

namespace Tidegate.Silo.Pki;

/// <summary>
/// One secret in one file of mode 0600, made by whichever process comes first. Written whole and through to the disk under a
/// temporary name, then linked to its own name, so that no reader sees half of it and of two writers exactly one wins.
/// </summary>
internal static class SecretFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The file's bytes; when it does not exist, <paramref name="make"/>'s bytes are stored first.</summary>
    /// <exception cref="InvalidOperationException">Others than the owner may read the file.</exception>
    public static byte[] ReadOrCreate(string path, Func<byte[]> make)
    {
        if (!File.Exists(path)) Create(path, make());
        return Read(path);
    }

    /// <summary>The file's bytes.</summary>
    /// <exception cref="InvalidOperationException">Others than the owner may read the file.</exception>
    public static byte[] Read(string path)
    {
        var mode = File.GetUnixFileMode(path);
        if ((mode & ~(OwnerOnly | UnixFileMode.UserExecute)) != 0)
        {
            throw new InvalidOperationException(
                $"The secret file '{path}' is readable by others than its owner (mode {Convert.ToString((int)mode, 8)}). " +
                "Assume it is known to them: replace it, or restrict it with chmod 600 if you know better.");
        }
        return File.ReadAllBytes(path);
    }

    private static void Create(string path, byte[] content)
    {
        var temporary = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
        try
        {
            using (var stream = new FileStream(temporary, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Options = FileOptions.WriteThrough,
                UnixCreateMode = OwnerOnly,
            }))
            {
                stream.Write(content);
            }
            File.Move(temporary, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process was first: its secret counts.
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
            File.Delete(temporary);
        }
    }
}
