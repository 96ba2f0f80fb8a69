using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Gateways;

/// <summary>
/// What a gateway's saved state may become. Pure. Invariants: the configuration version grows by one with every change of
/// the desired configuration; the generation only grows; every list is bounded; a deactivated gateway never lives again.
/// </summary>
internal static class GatewayMachine
{
    /// <summary>Most volumes of one gateway.</summary>
    public const int MaxVolumes = 64;

    /// <summary>Most names waiting to be released.</summary>
    public const int MaxNamesToRelease = 8;

    /// <summary>Most certificates waiting to be revoked.</summary>
    public const int MaxCertificatesToRevoke = 4 * CertificateRules.MaxLive;

    private const int MaxAddresses = 16;

    // No gateway's configuration ever changes as often.
    private const long MaxBelievedVersion = 1L << 48;

    /// <summary>Binds the gateway to an account; the same values again change nothing.</summary>
    public static Change<GatewayState, GatewayState> Provision(GatewayState state, GatewayProvision provision, DateTimeOffset now)
    {
        if (state.AccountId.Length > 0)
        {
            if (state.AccountId == provision.AccountId && state.KeyFingerprint == provision.KeyFingerprint) return Change.Keep(state);
            throw new TidegateException(ErrorCodes.InvalidState, "The gateway is bound to another activation.", "Activate the agent again with a new key.");
        }

        var next = state with
        {
            AccountId = provision.AccountId,
            Name = Arguments.Name(provision.Name, "gateway name"),
            TimeZone = Arguments.Text(provision.TimeZone, "time zone", 64),
            Metadata = Bounded(provision.Metadata),
            KeyFingerprint = Arguments.Text(provision.KeyFingerprint, "key fingerprint", 128),
            CreatedAt = now,
            ConfigurationVersion = 1,
        };
        return Change.To(next, new DomainEvent("gateway.provisioned", new { next.Name, next.TimeZone, next.KeyFingerprint }));
    }

    /// <summary>Before a name is reserved: notes it as one to release, which it is unless <see cref="Rename"/> follows.</summary>
    public static Change<GatewayState, GatewayState> IntendName(GatewayState state, string name)
    {
        RequireLive(state);
        if (Same(state.Name, name) || state.NamesToRelease.Any(owed => Same(owed, name))) return Change.Keep(state);
        // The name of today becomes one more.
        if (state.NamesToRelease.Length >= MaxNamesToRelease)
            throw new TidegateException(ErrorCodes.Unavailable, "Earlier names of the gateway are still being released.", "Try again in a minute.");
        return Change.To(state with { NamesToRelease = [.. state.NamesToRelease, name] }) with { Owes = true };
    }

    /// <summary>Takes a new name, already reserved, and owes the release of the old one.</summary>
    public static Change<GatewayState, GatewayState> Rename(GatewayState state, string name)
    {
        RequireLive(state);
        if (state.Name == name) return Change.Keep(state);
        var next = Configured(state with
        {
            Name = name,
            NamesToRelease = Same(state.Name, name) ? state.NamesToRelease : [.. state.NamesToRelease.Where(owed => !Same(owed, name)), state.Name],
        });
        return Change.To(next, new DomainEvent("gateway.renamed", new { from = state.Name, to = name }));
    }

    /// <summary>Forgets names that have been released.</summary>
    public static Change<GatewayState, GatewayState> NamesReleased(GatewayState state, IReadOnlyCollection<string> released) =>
        state.NamesToRelease.Any(released.Contains)
            ? Change.To(state with { NamesToRelease = [.. state.NamesToRelease.Except(released)] })
            : Change.Keep(state);

    /// <summary>Forgets certificates whose revocation is durable.</summary>
    public static Change<GatewayState, GatewayState> CertificatesRevoked(GatewayState state, IReadOnlyCollection<GatewayCertificate> revoked) =>
        state.CertificatesToRevoke.Any(revoked.Contains)
            ? Change.To(state with { CertificatesToRevoke = [.. state.CertificatesToRevoke.Except(revoked)] })
            : Change.Keep(state);

    /// <summary>Sets how fast the gateway may use its uplink.</summary>
    public static Change<GatewayState, GatewayState> SetBandwidth(GatewayState state, BandwidthLimits limits)
    {
        RequireLive(state);
        var next = BandwidthRules.Check(limits);
        if (next == (state.Bandwidth ?? BandwidthLimits.Unlimited)) return Change.Keep(state);
        return Change.To(
            Configured(state with { Bandwidth = next }),
            new DomainEvent("gateway.bandwidth-set", new { next.UploadBytesPerSecond, next.DownloadBytesPerSecond, next.TimeZone, windows = next.Windows.Count }));
    }

    /// <summary>Adds a volume to the desired configuration, or takes its new name and size.</summary>
    public static Change<GatewayState, GatewayState> AttachVolume(GatewayState state, VolumeAttachment attachment)
    {
        RequireLive(state);
        if (state.Volumes.Contains(attachment)) return Change.Keep(state);
        var others = state.Volumes.Where(volume => volume.VolumeId != attachment.VolumeId).ToArray();
        if (others.Length >= MaxVolumes)
        {
            throw new TidegateException(ErrorCodes.LimitExceeded, $"Gateway {state.Name} serves {MaxVolumes} volumes, the most that one gateway may.", "Use another gateway or delete a volume.");
        }

        return Change.To(
            Configured(state with { Volumes = [.. others, attachment] }),
            new DomainEvent("gateway.volume-attached", new { attachment.VolumeId, attachment.Name, attachment.SizeBytes }));
    }

    /// <summary>Removes a volume from the desired configuration.</summary>
    public static Change<GatewayState, GatewayState> DetachVolume(GatewayState state, string volumeId)
    {
        if (state.Volumes.All(volume => volume.VolumeId != volumeId)) return Change.Keep(state);
        return Change.To(
            Configured(AlarmRules.Without(state, id => id == volumeId) with { Volumes = [.. state.Volumes.Where(volume => volume.VolumeId != volumeId)] }),
            new DomainEvent("gateway.volume-detached", new { volumeId }));
    }

    /// <summary>Ends the gateway: credentials, configuration and link; its name becomes free (M3.8).</summary>
    public static Change<GatewayState, GatewayState> Deactivate(GatewayState state, DateTimeOffset now)
    {
        if (state.DeactivatedAt is not null) return Change.Keep(state);
        var next = Configured(state with
        {
            DeactivatedAt = now,
            Alarms = [],
            LastPoints = [],
            Certificates = [],
            Renewal = null,
            CertificatesToRevoke = [.. state.CertificatesToRevoke, .. state.Certificates.Where(known => known.ExpiresAt > now)],
            Volumes = [],
            IsConnected = false,
            Generation = state.Generation + 1,
            NamesToRelease = [.. state.NamesToRelease, state.Name],
        });
        return Change.To(next, new DomainEvent("gateway.deactivated"));
    }

    /// <summary>A link is opened, over a connection of the certificate named: the next generation, which fences every earlier one (M1.7).</summary>
    public static Change<GatewayState, GatewayState> LinkOpened(
        GatewayState state, LinkHello hello, long connectionGeneration, bool supersedesLiveLink, DateTimeOffset now, string thumbprint = "")
    {
        RequireLive(state);
        var (next, replaced) = CertificateRules.InUse(state, thumbprint, now);
        next = next with
        {
            Generation = state.Generation + 1,
            InstanceId = Arguments.Text(hello.InstanceId, "instance id", 64),
            IsConnected = true,
            LastPoints = [],
            LastSeenAt = now,
            ConnectionGeneration = Math.Max(state.ConnectionGeneration, connectionGeneration),
        };
        // The database went back in time, and the agent takes newer versions alone.
        if (hello.AppliedConfigurationVersion > state.ConfigurationVersion && hello.AppliedConfigurationVersion < MaxBelievedVersion)
            next = next with { ConfigurationVersion = hello.AppliedConfigurationVersion + 1 };
        var change = new { next.Generation, agentVersion = Arguments.Text(hello.AgentVersion, "agent version", 64), hello.InstanceId };
        var isCopy = supersedesLiveLink && state.InstanceId != hello.InstanceId;
        return isCopy
            ? Change.To(next, [new DomainEvent("gateway.link-superseded", new { state.Generation, state.InstanceId }), new DomainEvent("gateway.connected", change), .. replaced])
            : Change.To(next, [new DomainEvent("gateway.connected", change), .. replaced]);
    }

    /// <summary>The link of a generation is gone; says nothing about newer ones.</summary>
    public static Change<GatewayState, GatewayState> LinkLost(
        GatewayState state, long generation, string reason, DateTimeOffset now, IReadOnlyList<VolumeStatus>? reported = null, DateTimeOffset? heardAt = null) =>
        state.IsConnected && state.Generation == generation
            ? Change.To(
                AlarmRules.Lost(state, reported ?? [], heardAt ?? state.LastSeenAt ?? now) with { IsConnected = false, LastSeenAt = now },
                new DomainEvent("gateway.lost", new { generation, reason }))
            : Change.Keep(state);

    /// <summary>
    /// Breaches of the link go into the audit chain, also of a deactivated gateway. They take at most half of the outbox, so that whoever
    /// breaks rules while the audit log is away does not keep the gateway from being deactivated.
    /// </summary>
    public static Change<GatewayState, GatewayState> RecordBreaches(GatewayState state, LinkBreaches breaches)
    {
        if (state.AccountId.Length == 0) return Change.Keep(state);
        return Change.To(state with { }, BreachRecords.Of("gateway.link-breached", state, breaches));
    }

    /// <summary>The desired configuration as the agent is told it.</summary>
    public static GatewayConfiguration ConfigurationOf(GatewayState state) =>
        new(state.ConfigurationVersion, state.Name, state.TimeZone, state.Volumes) { Bandwidth = state.Bandwidth ?? BandwidthLimits.Unlimited };

    /// <summary>Refuses what is not activated, or not any more, as if it had never been.</summary>
    public static void RequireLive(GatewayState state)
    {
        if (state.DeactivatedAt is null && state.AccountId.Length > 0) return;
        throw Authorisation.NotFound("The gateway");
    }

    private static GatewayState Configured(GatewayState state) => state with { ConfigurationVersion = state.ConfigurationVersion + 1 };

    private static bool Same(string left, string right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);

    /// <summary>The metadata if its sizes are within bounds.</summary>
    public static GatewayMetadata Bounded(GatewayMetadata metadata)
    {
        if (metadata.Addresses.Count > MaxAddresses) throw Arguments.Invalid($"A gateway names at most {MaxAddresses} addresses.");
        return new GatewayMetadata(
            Arguments.Text(metadata.HostName, "host name", 255),
            Arguments.Text(metadata.OperatingSystem, "operating system", 128),
            Arguments.Text(metadata.Hardware, "hardware", 256),
            Arguments.Text(metadata.AgentVersion, "agent version", 64),
            metadata.Addresses.Select(address => Arguments.Text(address, "address", 64)).ToArray());
    }
}
