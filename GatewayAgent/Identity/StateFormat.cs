using System.Text.Json;
using Tidegate.GatewayAgent.Activation;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;

namespace Tidegate.GatewayAgent.Identity;

/// <summary>
/// The version of the state directory's layout and of every file in it that carries none of its own (<c>docs/formats/agent-state.md</c>). Checked
/// before anything else is read: an older agent on a newer one's files could take them for damaged, and some of those it may drop.
/// </summary>
internal static class StateFormat
{
    /// <summary>In the state directory.</summary>
    public const string FileName = "format.json";

    /// <summary>What this agent writes, and the newest that it reads.</summary>
    public const int Version = 1;

    /// <summary>
    /// Throws <see cref="InvalidDataException"/> for a state directory of a newer version, or when the file that says so is damaged; nothing was changed.
    /// </summary>
    public static void Check(string stateDirectory) => Read(new LinuxDisk(stateDirectory));

    /// <summary>Checks, and notes the version where nothing says it: the directory is new, or from before there were notes.</summary>
    public static void CheckAndNote(string stateDirectory)
    {
        var disk = new LinuxDisk(stateDirectory);
        if (Read(disk)) return;
        try
        {
            AtomicFile.Replace(disk, FileName, JsonSerializer.SerializeToUtf8Bytes(new StateFormatNote(Version, MachineMetadata.AgentVersion), IdentityJson.Default.StateFormatNote));
        }
        catch (DiskFaultException full) when (DeviceFaults.IsNoSpace(full))
        {
            // No note means version 1. Volumes are served on a full disk.
        }
    }

    /// <summary>True when there is a note.</summary>
    private static bool Read(LinuxDisk disk)
    {
        if (AtomicFile.Read(disk, FileName) is not { } content) return false;
        StateFormatNote? note;
        try
        {
            note = JsonSerializer.Deserialize(content, IdentityJson.Default.StateFormatNote);
        }
        catch (JsonException)
        {
            note = null;
        }
        if (note is not { FormatVersion: > 0 })
            throw new InvalidDataException($"'{FileName}' in the state directory is damaged. If no newer agent than {MachineMetadata.AgentVersion} ever ran on it, remove that file and start again.");
        return note.FormatVersion <= Version
            ? true
            : throw new InvalidDataException(
                $"The state directory has format {note.FormatVersion}, written by agent {note.AgentVersion}; this agent, {MachineMetadata.AgentVersion}, knows formats up to {Version}. Install that agent again, or a newer one.");
    }
}
