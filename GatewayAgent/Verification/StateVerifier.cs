using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Identity;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;

namespace Tidegate.GatewayAgent.Verification;

/// <summary>Checks everything that a stopped agent keeps: identity, configuration, and each volume. Changes nothing.</summary>
internal sealed class StateVerifier(string stateDirectory, TimeProvider time)
{
    private readonly string _volumes = Path.Combine(stateDirectory, Options.AgentOptions.VolumesFolder);

    /// <summary>Findings about the state directory itself.</summary>
    public List<VerifyFinding> Findings { get; } = [];

    /// <summary>Every volume that has a directory or is configured, by id.</summary>
    public IReadOnlyList<string> VolumeIds { get; private set; } = [];

    private Dictionary<string, VolumeAttachment> Attachments { get; set; } = [];

    /// <summary>Reads identity and configuration and finds the volumes.</summary>
    public void Open()
    {
        CheckIdentity();
        LoadConfiguration();
        var directories = Directory.Exists(_volumes)
            ? Directory.EnumerateDirectories(_volumes).Select(static d => Path.GetFileName(d)!).Where(static n => ResourceId.IsValid(ResourceKind.Volume, n)).ToList()
            : [];
        foreach (var left in directories.Where(d => !Attachments.ContainsKey(d)))
            Findings.Add(new VerifyFinding(false, $"Volume '{left}' is here, but the gateway's configuration does not have it any more.", "Remove its directory when nobody needs it."));
        VolumeIds = [.. directories.Union(Attachments.Keys).Order(StringComparer.Ordinal)];
    }

    /// <summary>Checks one of <see cref="VolumeIds"/>.</summary>
    public VolumeVerification Verify(string volumeId, IVerifyProgress progress)
    {
        var attachment = Attachments.GetValueOrDefault(volumeId);
        var directory = Path.Combine(_volumes, volumeId);
        if (!Directory.Exists(directory))
        {
            return new VolumeVerification(volumeId, attachment?.Name ?? "", 0, 0, 0, 0, 0, null,
                [new VerifyFinding(false, "The volume is configured, but nothing of it is here yet.", "Start the agent: it makes or restores the volume.")]);
        }
        return new VolumeVerifier(new LinuxDisk(directory), volumeId, attachment, progress).Run();
    }

    /// <summary>What the reading of a volume's log and store comes to at most, for a progress bar.</summary>
    public (long Log, long Store) Extent(string volumeId)
    {
        var directory = Path.Combine(_volumes, volumeId);
        return (Length(WriteLog.WriteLog.FileName), Length(Devices.LoggedVolume.StoreFileName));

        long Length(string name) => new FileInfo(Path.Combine(directory, name)) is { Exists: true } file ? file.Length : 0;
    }

    private void CheckIdentity()
    {
        var directory = Path.Combine(stateDirectory, "identity");
        if (!Directory.Exists(directory)) return;
        try
        {
            using var credential = IdentityStore.Open(directory).ReadCredential();
            if (credential is null)
                Findings.Add(new VerifyFinding(false, "The agent is not activated.", "Start it, and give the key that it shows to the account."));
            else if (credential.Certificate.NotAfter.ToUniversalTime() < time.GetUtcNow())
                Findings.Add(new VerifyFinding(false, $"The gateway's certificate expired on {credential.Certificate.NotAfter.ToUniversalTime():u}.", "Activate again; the volumes' directory is not touched by that."));
        }
        catch (IdentityException damage)
        {
            Findings.Add(new VerifyFinding(true, damage.Message, damage.NextStep));
        }
    }

    private void LoadConfiguration()
    {
        if (!Directory.Exists(_volumes)) return;
        try
        {
            Attachments = new ConfigurationStore(new LinuxDisk(_volumes)).Load()?.Volumes.ToDictionary(static v => v.VolumeId) ?? [];
        }
        catch (InvalidDataException damage)
        {
            Findings.Add(new VerifyFinding(true, damage.Message, "Move it away; the service sends it anew."));
        }
    }
}
