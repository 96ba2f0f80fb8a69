namespace Tidegate.GatewayAgent.Identity;

/// <summary>The private key's file must be its owner's alone (security design, Agent).</summary>
internal static class KeyFileMode
{
    private const UnixFileMode OwnerReadWrite = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Throws <see cref="IdentityException"/> when anybody but the owner may use the file, or the file is a link.</summary>
    public static void Check(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists) return;
        if (file.LinkTarget is not null)
            throw new IdentityException($"The private key '{path}' is a symbolic link.", "Put the key file itself there.");
        var mode = file.UnixFileMode;
        if ((mode & ~OwnerReadWrite) == UnixFileMode.None) return;
        throw new IdentityException(
            $"The private key '{path}' has mode {Convert.ToString((int)mode, 8).PadLeft(4, '0')}, which lets others than its owner use it.",
            $"If nobody can have read it: chmod 600 '{path}'. If somebody may have: deactivate the gateway, remove the state directory's identity/ and activate again.");
    }
}
