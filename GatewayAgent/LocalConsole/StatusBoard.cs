using System.Security.Cryptography;
using Tidegate.GatewayAgent.Activation;
using Tidegate.GatewayAgent.Identity;

namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>
/// Where the agent's parts write what they are doing, and everything that shows it reads. Thread-safe; a status is immutable.
/// </summary>
internal sealed class StatusBoard : IActivationDisplay
{
    private readonly Lock _lock = new();
    private readonly Uri _service;
    private readonly Uri? _console;
    private AgentStatus _status;
    private Func<IReadOnlyList<NamedVolumeStatus>> _volumes = static () => [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Creates the board; <paramref name="console"/> is where keys are taken, null for where the service says.</summary>
    public StatusBoard(Uri service, Uri? console, TimeProvider time)
    {
        (_service, _console) = (service, console);
        _status = new AgentStatus(
            AgentState.Starting, "", MachineMetadata.AgentVersion, RandomNumberGenerator.GetHexString(20, lowercase: true), time.GetUtcNow(),
            Environment.MachineName, MachineMetadata.OperatingSystem, service.GetLeftPart(UriPartial.Authority), "", null, null, null, []);
    }

    /// <summary>The status now, volumes included.</summary>
    public AgentStatus Current
    {
        get
        {
            AgentStatus status;
            Func<IReadOnlyList<NamedVolumeStatus>> volumes;
            lock (_lock) (status, volumes) = (_status, _volumes);
            return status with { Volumes = volumes() };
        }
    }

    /// <summary>Completes when something other than a volume has changed since the call.</summary>
    public Task WhenChanged
    {
        get { lock (_lock) return _changed.Task; }
    }

    /// <summary>Who is asked for the volumes whenever the status is read.</summary>
    public void ReadVolumesFrom(Func<IReadOnlyList<NamedVolumeStatus>> volumes)
    {
        lock (_lock) _volumes = volumes;
        Change(static s => s);
    }

    public void SetNbdUri(string nbdUri) => Change(s => s with { NbdUri = nbdUri });

    public void SetState(AgentState state, string reason = "") => Change(s => s with { State = state, Reason = reason });

    public void SetGateway(GatewayCredential credential) => Change(s => s with
    {
        Gateway = new GatewayStatus(
            credential.Customer.GatewayId, credential.Customer.AccountId, credential.Customer.Name, new DateTimeOffset(credential.Certificate.NotAfter.ToUniversalTime())),
    });

    /// <summary>The certificate was renewed.</summary>
    public void SetCertificate(GatewayCredential credential) => Change(s => s.Gateway is null
        ? s
        : s with { Gateway = s.Gateway with { CertificateExpiresAt = new DateTimeOffset(credential.Certificate.NotAfter.ToUniversalTime()) } });

    /// <summary>The name may change by configuration.</summary>
    public void SetGatewayName(string name) => Change(s => s.Gateway is null ? s : s with { Gateway = s.Gateway with { Name = name } });

    /// <summary>The link was opened.</summary>
    public void LinkOpened(LinkStatus link) => Change(s => s with { Link = link, State = AgentState.Connected, Reason = "" });

    /// <summary>The link is gone, and why.</summary>
    public void LinkClosed(AgentState state, string reason) => Change(s => s with { Link = null, State = state, Reason = reason });

    public void ShowKey(AdvertisedKey key) => Change(s => s with
    {
        State = AgentState.Activating,
        Reason = "",
        Activation = new ActivationStatus(key.ActivationKey, key.KeyFingerprint, key.Until, (_console ?? key.ConsoleUrl ?? new Uri(_service, "/activate")).ToString()),
    });

    public void HideKey() => Change(s => s.Activation is null ? s : s with { Activation = null });

    public void ShowTrouble(string message) => Change(s => s with { State = AgentState.Activating, Reason = message });

    private void Change(Func<AgentStatus, AgentStatus> change)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            var next = change(_status);
            if (!ReferenceEquals(next, _status) && next == _status) return;
            _status = next;
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        changed.SetResult();
    }
}
