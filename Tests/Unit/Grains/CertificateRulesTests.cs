using CsCheck;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Gateways;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

/// <summary>A gateway's certificates from issue to revocation (M3.5, M3.8, M1.10).</summary>
public sealed class CertificateRulesTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Life = TimeSpan.FromDays(90);

    private static GatewayState Activated
    {
        get
        {
            var state = GatewayMachine.Provision(
                new GatewayState(), new GatewayProvision("123456789012", "office", "Etc/UTC", new GatewayMetadata("host", "linux", "box", "1.0.0", []), "SHA256:one"), Start).Next!;
            return CertificateRules.Record(state, "first", Start + Life, Start).Next!;
        }
    }

    [Fact]
    public void M3_5_In_the_second_half_of_its_life_a_certificate_gets_a_successor_and_both_count()
    {
        var early = Assert.Throws<TidegateException>(() => CertificateRules.CheckRenewal(Activated, "first", "key", Start + (0.49 * Life)));
        Assert.Equal(ErrorCodes.InvalidState, early.Code);
        var at = Start + (Life * 2 / 3);
        var change = Renew(Activated, "FIRST", "key", "second", at);
        Assert.Equal("gateway.certificate-renewed", Assert.Single(change.Events).Kind);
        var state = change.Next!;
        Assert.True(CertificateRules.IsValid(state, "first", at) && CertificateRules.IsValid(state, "second", at));
        Assert.Empty(state.CertificatesToRevoke);
    }

    [Fact]
    public void A_key_that_asks_again_gets_the_same_certificate_and_another_key_makes_the_unused_one_give_way()
    {
        var at = Start + (Life * 2 / 3);
        var state = Renew(Activated, "first", "key", "second", at).Next!;
        Assert.Equal("pem second", CertificateRules.CheckRenewal(state, "first", "key", at)!.CertificatePem);
        var again = Renew(state, "first", "key", "late", at);
        Assert.Equal((null, "pem second"), (again.Next, again.Result.CertificatePem));
        var other = Renew(state, "first", "other key", "third", at).Next!;
        Assert.Equal(["first", "third"], other.Certificates.Select(known => known.Thumbprint));
        Assert.Equal(["second"], other.CertificatesToRevoke.Select(owed => owed.Thumbprint));
        Assert.Null(CertificateRules.CheckRenewal(other, "first", "key", at));
    }

    [Fact]
    public void M3_5_The_old_certificate_counts_for_the_overlap_after_the_first_link_with_the_new_one_and_is_then_revoked()
    {
        var at = Start + (Life * 2 / 3);
        var renewed = Renew(Activated, "first", "key", "second", at).Next!;
        Assert.Empty(CertificateRules.InUse(renewed, "first", at.AddDays(1)).Events);
        var (state, events) = CertificateRules.InUse(renewed, "SECOND", at.AddDays(2));
        Assert.Equal("gateway.certificate-in-use", Assert.Single(events).Kind);
        Assert.Null(state.Renewal);
        var end = at.AddDays(2) + CertificateRules.Overlap;
        Assert.Equal(end, CertificateRules.NextRetirementAt(state));
        Assert.True(CertificateRules.IsValid(state, "first", end.AddTicks(-1)));
        Assert.False(CertificateRules.IsValid(state, "first", end));
        // Links that are opened later change nothing any more.
        Assert.Empty(CertificateRules.InUse(state, "second", at.AddDays(2.5)).Events);
        Assert.Null(CertificateRules.Retire(state, end.AddTicks(-1)).Next);
        Assert.True(CertificateRules.HasRetired(state, end));
        var retired = CertificateRules.Retire(state, end);
        Assert.Equal(["second"], retired.Next!.Certificates.Select(known => known.Thumbprint));
        Assert.Equal(["first"], retired.Next.CertificatesToRevoke.Select(owed => owed.Thumbprint));
        Assert.Equal("gateway.certificate-retired", Assert.Single(retired.Events).Kind);
    }

    [Fact]
    public void M1_10_A_rotation_is_renewed_at_any_age_and_the_old_certificates_go_as_soon_as_the_new_one_is_in_use()
    {
        var asked = CertificateRules.AskRotation(Activated, Start.AddHours(1));
        Assert.Equal(["first"], asked.Result);
        Assert.Equal("gateway.credential-rotation-asked", Assert.Single(asked.Events).Kind);
        Assert.Null(CertificateRules.AskRotation(asked.Next!, Start.AddHours(1)).Next);
        var renewed = Renew(asked.Next!, "first", "key", "second", Start.AddHours(2)).Next!;
        var (state, _) = CertificateRules.InUse(renewed, "second", Start.AddHours(3));
        Assert.Equal(Start.AddHours(3) + CertificateRules.ReplacementOverlap, CertificateRules.NextRetirementAt(state));
        // The successor is nobody's to replace.
        Assert.Throws<TidegateException>(() => CertificateRules.CheckRenewal(state, "second", "key 2", Start.AddHours(4)));
    }

    [Fact]
    public void M1_10_A_rotation_during_an_overlap_ends_the_overlap()
    {
        var at = Start + (Life * 2 / 3);
        var (state, _) = CertificateRules.InUse(Renew(Activated, "first", "key", "second", at).Next!, "second", at);
        state = Renew(CertificateRules.AskRotation(state, at.AddHours(1)).Next!, "second", "key 2", "third", at.AddHours(1)).Next!;
        (state, _) = CertificateRules.InUse(state, "third", at.AddHours(1));
        Assert.All(state.Certificates.SkipLast(1), old => Assert.Equal(at.AddHours(1) + CertificateRules.ReplacementOverlap, old.RetiresAt));
    }

    [Fact]
    public void M3_8_Nothing_that_was_revoked_or_is_retired_or_expired_is_renewed()
    {
        foreach (var state in new[] { new GatewayState(), GatewayMachine.Deactivate(Activated, Start).Next! })
            Assert.Equal(ErrorCodes.Forbidden, Assert.Throws<TidegateException>(() => CertificateRules.CheckRenewal(state, "first", "key", Start + (0.7 * Life))).Code);
        Assert.Equal(ErrorCodes.Forbidden, Assert.Throws<TidegateException>(() => CertificateRules.CheckRenewal(Activated, "first", "key", Start + Life)).Code);
        Assert.Equal(ErrorCodes.Forbidden, Assert.Throws<TidegateException>(() => CertificateRules.CheckRenewal(Activated, "foreign", "key", Start + (0.7 * Life))).Code);
    }

    /// <summary>Whatever an agent and its owner do: the lists are bounded, the certificate of the newest link counts until it expires, and what left the list early is owed.</summary>
    [Fact]
    public void M3_8_Certificates_are_bounded_and_none_that_goes_before_its_end_escapes_revocation() => Gen.Int[0, 6].Array[0, 60].SampleFixed(
        moves =>
        {
            var (state, now, used, issued) = (Activated, Start, "first", new Dictionary<string, DateTimeOffset> { ["first"] = Start + Life });
            var revoked = new HashSet<string>();
            foreach (var (move, number) in moves.Select((move, number) => (move, number)))
            {
                var newest = state.Certificates.Length == 0 ? used : state.Certificates[^1].Thumbprint;
                try
                {
                    switch (move)
                    {
                        case 0:
                            now += Life / 4;
                            break;
                        case 1 or 2:
                            state = Renew(state, used, $"key {number}", $"{number}", now).Next!;
                            issued.Add($"{number}", now + Life);
                            break;
                        case 3 when CertificateRules.IsValid(state, newest, now):
                            (state, _) = CertificateRules.InUse(state, used = newest, now);
                            break;
                        case 4:
                            state = CertificateRules.AskRotation(state, now).Next ?? state;
                            break;
                        case 5:
                            state = CertificateRules.Retire(state, now).Next ?? state;
                            break;
                        default:
                            revoked.UnionWith(state.CertificatesToRevoke.Select(owed => owed.Thumbprint));
                            state = GatewayMachine.CertificatesRevoked(state, state.CertificatesToRevoke).Next ?? state;
                            break;
                    }
                }
                catch (TidegateException)
                {
                    // Too early, expired, or too much owed: refused, and nothing changed.
                }

                Assert.InRange(state.Certificates.Length, 1, CertificateRules.MaxLive);
                Assert.InRange(state.CertificatesToRevoke.Length, 0, GatewayMachine.MaxCertificatesToRevoke - CertificateRules.MaxLive);
                Assert.Equal(now < issued[used], CertificateRules.IsValid(state, used, now));
                var accounted = state.Certificates.Concat(state.CertificatesToRevoke).Select(known => known.Thumbprint).Concat(revoked).ToHashSet();
                Assert.All(issued.Where(one => one.Value > now), one => Assert.Contains(one.Key, accounted));
            }
        },
        iter: 300);

    private static Change<GatewayState, IssuedCertificate> Renew(GatewayState state, string presented, string keyHash, string thumbprint, DateTimeOffset now) =>
        CertificateRules.Renewed(state, presented, keyHash, thumbprint, new IssuedCertificate("pem " + thumbprint, "ca", now + Life), now);
}
