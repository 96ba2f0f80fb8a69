using CsCheck;
using Tidegate.Grains.Gateways;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Outbox;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

public sealed class GatewayMachineTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly GatewayProvision Provision =
        new("123456789012", "office", "Etc/UTC", new GatewayMetadata("host", "linux", "box", "1.0.0", []), "SHA256:one");

    private static GatewayState Provisioned => GatewayMachine.Provision(new GatewayState(), Provision, Start).Next!;

    private static LinkHello Hello(string instance) => new("client", "1.0.0", instance, 0);

    [Fact]
    public void Provisioning_is_idempotent_for_one_activation_and_refused_for_another()
    {
        Assert.Null(GatewayMachine.Provision(Provisioned, Provision, Start).Next);
        Assert.Throws<TidegateException>(() => GatewayMachine.Provision(Provisioned, Provision with { KeyFingerprint = "SHA256:two" }, Start));
    }

    [Fact]
    public void M1_8_Every_change_of_the_desired_configuration_is_a_new_version_and_no_other_change_is() =>
        Gen.Int[0, 5].Array[0, 40].SampleFixed(
            moves =>
            {
                var state = Provisioned;
                foreach (var (move, number) in moves.Select((move, number) => (move, number)))
                {
                    var before = GatewayMachine.ConfigurationOf(state);
                    var change = move switch
                    {
                        0 => GatewayMachine.AttachVolume(state, new VolumeAttachment($"vol-{number % 3}", "data", 4096 * (number % 2), "")),
                        1 => GatewayMachine.DetachVolume(state, $"vol-{number % 3}"),
                        2 => GatewayMachine.Rename(state with { NamesToRelease = [] }, $"office-{number % 2}"),
                        3 => GatewayMachine.LinkOpened(state, Hello("one"), 0, false, Start),
                        4 => GatewayMachine.LinkLost(state, state.Generation, "test", Start),
                        _ => CertificateRules.Record(state, $"{number:x64}", Start.AddDays(1), Start),
                    };
                    state = change.Next ?? state;
                    var after = GatewayMachine.ConfigurationOf(state);
                    var isSame = before.GatewayName == after.GatewayName && before.Volumes.SequenceEqual(after.Volumes);
                    Assert.Equal(before.Version + (isSame ? 0 : 1), after.Version);
                    Assert.InRange(state.Certificates.Length, 0, CertificateRules.MaxLive);
                }
            },
            iter: 300);

    [Fact]
    public void M1_10_Bandwidth_limits_are_a_new_version_of_the_configuration_and_the_same_again_are_not()
    {
        var limits = new BandwidthLimits(1 << 20, 0, "Europe/Zurich", [new BandwidthWindow(WeekDays.Monday | WeekDays.Friday, 480, 1080, null, 8 << 10)]);
        var change = GatewayMachine.SetBandwidth(Provisioned, limits);
        Assert.Equal(limits, GatewayMachine.ConfigurationOf(change.Next!).Bandwidth);
        Assert.Equal(Provisioned.ConfigurationVersion + 1, change.Next!.ConfigurationVersion);
        Assert.Equal("gateway.bandwidth-set", Assert.Single(change.Events).Kind);
        Assert.Null(GatewayMachine.SetBandwidth(change.Next, limits with { Windows = [.. limits.Windows] }).Next);
        Assert.Null(GatewayMachine.SetBandwidth(Provisioned, BandwidthLimits.Unlimited).Next);
    }

    [Theory]
    [InlineData(8191, "", 1, 0, 1)]
    [InlineData(-1, "", 1, 0, 1)]
    [InlineData(null, "Mars/Olympus", 1, 0, 1)]
    [InlineData(null, "+14:01", 1, 0, 1)]
    [InlineData(null, "", 0, 0, 1)]
    [InlineData(null, "", 128, 0, 1)]
    [InlineData(null, "", 1, 1440, 1)]
    [InlineData(null, "", 1, 0, 1441)]
    [InlineData(null, "", 1, 0, 0)]
    public void Bandwidth_limits_out_of_range_are_refused(int? upload, string zone, int days, int from, int to)
    {
        var limits = new BandwidthLimits(upload, null, zone, [new BandwidthWindow((WeekDays)days, from, to, null, null)]);
        Assert.Equal(ErrorCodes.InvalidArgument, Assert.Throws<TidegateException>(() => GatewayMachine.SetBandwidth(Provisioned, limits)).Code);
    }

    [Fact]
    public void A_configuration_that_is_older_than_the_agents_becomes_the_newest()
    {
        var behind = GatewayMachine.LinkOpened(Provisioned, Hello("one") with { AppliedConfigurationVersion = 40 }, 0, false, Start).Next!;
        Assert.Equal(41, GatewayMachine.ConfigurationOf(behind).Version);
        Assert.Equal(41, GatewayMachine.LinkOpened(behind, Hello("one") with { AppliedConfigurationVersion = 41 }, 0, false, Start).Next!.ConfigurationVersion);
        Assert.Equal(41, GatewayMachine.LinkOpened(behind, Hello("one") with { AppliedConfigurationVersion = long.MaxValue }, 0, false, Start).Next!.ConfigurationVersion);
    }

    [Fact]
    public void The_65th_volume_is_refused()
    {
        var state = Provisioned;
        for (var i = 0; i < GatewayMachine.MaxVolumes; i++) state = GatewayMachine.AttachVolume(state, new VolumeAttachment($"vol-{i}", "data", 4096, "")).Next!;
        var refused = Assert.Throws<TidegateException>(() => GatewayMachine.AttachVolume(state, new VolumeAttachment("vol-x", "data", 4096, "")));
        Assert.Equal(ErrorCodes.LimitExceeded, refused.Code);
    }

    [Fact]
    public void M1_7_The_loss_of_an_older_link_says_nothing_about_the_newer_one()
    {
        var first = GatewayMachine.LinkOpened(Provisioned, Hello("one"), 0, false, Start).Next!;
        var second = GatewayMachine.LinkOpened(first, Hello("two"), 0, true, Start);
        Assert.Equal(["gateway.link-superseded", "gateway.connected"], second.Events.Select(happened => happened.Kind));
        Assert.Null(GatewayMachine.LinkLost(second.Next!, first.Generation, "late", Start).Next);
        Assert.False(GatewayMachine.LinkLost(second.Next!, 2, "now", Start).Next!.IsConnected);
    }

    [Fact]
    public void M3_8_After_deactivation_no_certificate_is_valid_and_no_link_opens()
    {
        var state = CertificateRules.Record(Provisioned, "AA", Start.AddDays(1), Start).Next!;
        Assert.True(CertificateRules.IsValid(state, "aa", Start));
        Assert.False(CertificateRules.IsValid(state, "aa", Start.AddDays(1)));
        var ended = GatewayMachine.Deactivate(state, Start).Next!;
        Assert.False(CertificateRules.IsValid(ended, "aa", Start));
        Assert.Equal(["office"], ended.NamesToRelease);
        Assert.Equal(["AA"], ended.CertificatesToRevoke.Select(owed => owed.Thumbprint));
        Assert.Empty(GatewayMachine.CertificatesRevoked(ended, ended.CertificatesToRevoke).Next!.CertificatesToRevoke);
        Assert.Throws<TidegateException>(() => GatewayMachine.LinkOpened(ended, Hello("one"), 0, false, Start));
        Assert.Null(GatewayMachine.Deactivate(ended, Start).Next);
    }

    [Fact]
    public void M3_8_A_certificate_that_makes_room_for_a_newer_one_is_revoked_unless_it_has_expired()
    {
        var state = CertificateRules.Record(Provisioned, "old", Start.AddHours(1), Start).Next!;
        for (var number = 0; number < CertificateRules.MaxLive; number++)
            state = CertificateRules.Record(state, $"{number}", Start.AddDays(1), Start.AddHours(2)).Next!;
        Assert.Empty(state.CertificatesToRevoke);
        state = CertificateRules.Record(state, "one more", Start.AddDays(1), Start.AddHours(2)).Next!;
        Assert.Equal(["0"], state.CertificatesToRevoke.Select(owed => owed.Thumbprint));
        Assert.False(CertificateRules.IsValid(state, "0", Start.AddHours(2)));
    }

    [Fact]
    public void I14_Breaches_are_recorded_for_every_gateway_that_ever_was_and_leave_room_in_the_outbox()
    {
        var breaches = new LinkBreaches("frame", "a forged sender", 3, Start, Start.AddSeconds(5), "192.0.2.1:5", "client");
        Assert.Null(GatewayMachine.RecordBreaches(new GatewayState(), breaches).Next);
        Assert.Equal("gateway.link-breached", Assert.Single(GatewayMachine.RecordBreaches(GatewayMachine.Deactivate(Provisioned, Start).Next!, breaches).Events).Kind);
        var full = Provisioned;
        for (var number = 0; number < OutboxMachine.MaxPending / 2; number++)
            full = full with { Outbox = OutboxMachine.Append(full.Outbox, [new DomainEvent("x")], null, new OutboxOrigin("gw", "acc", "service", Start), 0) };
        Assert.Equal(ErrorCodes.Unavailable, Assert.Throws<TidegateException>(() => GatewayMachine.RecordBreaches(full, breaches)).Code);
        Assert.NotNull(GatewayMachine.Deactivate(full, Start).Next);
    }
}
