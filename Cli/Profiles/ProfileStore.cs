using System.Text.Json;
using Tidegate.Cli.Output;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Cli.Profiles;

/// <summary>
/// Profiles as files, <c>NAME.json</c> of mode 0600, in <c>--profile-dir</c>, <c>TIDEGATE_PROFILE_DIR</c> or
/// <c>$XDG_CONFIG_HOME/tidegate</c>. A file that others may read is refused: it holds a key.
/// </summary>
internal sealed class ProfileStore(string directory)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Where profiles are when nobody says otherwise.</summary>
    public static string DefaultDirectory =>
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "tidegate");

    public string FileOf(string name)
    {
        if (name.Length is 0 or > 64 || !name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') || name[0] == '.')
            throw new TidegateException(ErrorCodes.InvalidArgument, $"'{name}' is no profile name.", "Use letters, digits, - and _.");
        return Path.Combine(directory, name + ".json");
    }

    public bool Exists(string name) => File.Exists(FileOf(name));

    /// <summary>The profile, or null when there is none. Throws <c>InvalidArgument</c> when the file is damaged or open to others.</summary>
    public Profile? Load(string name)
    {
        var file = FileOf(name);
        if (!File.Exists(file)) return null;
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & ~OwnerOnly) is not UnixFileMode.None)
            throw new TidegateException(ErrorCodes.InvalidArgument, $"The profile '{file}' holds a key and others than its owner may read it.", $"If nobody has: chmod 600 '{file}'. Otherwise revoke the key and run tidegate setup again.");
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), CliJson.Default.Profile) ?? throw new JsonException("it is empty");
        }
        catch (JsonException error)
        {
            throw new TidegateException(ErrorCodes.InvalidArgument, $"The profile '{file}' cannot be read: {error.Message}", "Repair or remove it, and run tidegate setup again.");
        }
    }

    /// <summary>Writes the profile; readers see the old one or the new one.</summary>
    public void Save(string name, Profile profile)
    {
        var file = FileOf(name);
        Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        var fresh = file + ".new";
        File.Delete(fresh);
        using (var stream = new FileStream(fresh, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        {
            JsonSerializer.Serialize(stream, profile, CliJson.Default.Profile);
        }
        File.Move(fresh, file, overwrite: true);
    }
}
