using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Gateways;

/// <summary>
/// A gateway's certificates from issue to revocation (M3.5, M3.8; <c>docs/protocols/link.md</c>, Certificates). Pure. Invariants: the list is in
/// the order of issue and bounded; at most one certificate is issued and not yet used; whatever leaves the list before its end is owed to be revoked;
/// the certificate that a link is open with never leaves it for a newer one that nobody has used.
/// </summary>
internal static class CertificateRules
{
    /// <summary>Most certificates of a gateway that count at one time.</summary>
    public const int MaxLive = 4;

    /// <summary>Most CAs that an agent trusts at one time.</summary>
    public const int MaxAuthorities = 8;

    /// <summary>How long a certificate still counts after a link was opened with its successor.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromHours(24);

    /// <summary>The same for one that was to be replaced: time for what is under way on the old connection.</summary>
    public static readonly TimeSpan ReplacementOverlap = TimeSpan.FromSeconds(2);

    /// <summary>Whether a link may be opened with the certificate.</summary>
    public static bool IsValid(GatewayState state, string thumbprint, DateTimeOffset now) =>
        state.AccountId.Length > 0 && state.DeactivatedAt is null && state.Certificates.Any(known => known.Is(thumbprint) && known.CountsAt(now));

    /// <summary>Remembers the certificate that an activation brought.</summary>
    public static Change<GatewayState, GatewayState> Record(GatewayState state, string thumbprint, DateTimeOffset expiresAt, DateTimeOffset now, string authority = "")
    {
        GatewayMachine.RequireLive(state);
        if (state.Certificates.Any(known => known.Is(thumbprint))) return Change.Keep(state);
        Arguments.Text(thumbprint, "thumbprint", 64);
        return Change.To(Added(state, new GatewayCertificate(thumbprint, expiresAt, now, Authority: authority), now), new DomainEvent("gateway.certificate-issued", new { thumbprint, expiresAt }));
    }

    /// <summary>
    /// Before a certificate is issued: the answer that the same key has had already, or null when one may be issued. Refuses what is not the
    /// gateway's (<c>Forbidden</c>) and what is too early (<c>InvalidState</c>): from half of its life on, when it is to be replaced, or when it is of another CA than
    /// <paramref name="issuing"/>, a certificate gets a successor.
    /// </summary>
    public static IssuedCertificate? CheckRenewal(GatewayState state, string presented, string keyHash, DateTimeOffset now, string issuing = "")
    {
        if (!IsValid(state, presented, now))
            throw new TidegateException(ErrorCodes.Forbidden, "The gateway's certificate is not accepted any more.", "It was revoked, or its gateway was deleted: activate the gateway again.");
        if (state.Renewal is { } renewal && renewal.KeyHash == keyHash && state.Certificates.Any(known => known.Is(renewal.Thumbprint))) return renewal.Issued;
        var old = state.Certificates.First(known => known.Is(presented));
        var isOfFormer = issuing.Length > 0 && old.Authority.Length > 0 && old.Authority != issuing;
        if (!old.MustBeReplaced && !isOfFormer && old.IssuedAt is { } issuedAt && now < issuedAt + ((old.ExpiresAt - issuedAt) / 2))
            throw new TidegateException(ErrorCodes.InvalidState, $"The certificate is good until {old.ExpiresAt:u} and is not renewed yet.", "Renew it in the second half of its life, or have the credential rotated.");
        return null;
    }

    /// <summary>A renewal's certificate was signed: it counts from now on, beside the one that it was asked for with. One that nobody has used gives way.</summary>
    public static Change<GatewayState, IssuedCertificate> Renewed(
        GatewayState state, string presented, string keyHash, string thumbprint, IssuedCertificate issued, DateTimeOffset now)
    {
        // Another request of the same key may have been first.
        if (CheckRenewal(state, presented, keyHash, now, issued.Authority) is { } known) return new Change<GatewayState, IssuedCertificate>(null, known);
        var unused = state.Certificates.Where(certificate => state.Renewal is { } renewal && certificate.Is(renewal.Thumbprint) && !certificate.Is(presented)).ToArray();
        var next = Added(
            state with { Certificates = [.. state.Certificates.Except(unused)], CertificatesToRevoke = [.. state.CertificatesToRevoke, .. unused] },
            new GatewayCertificate(thumbprint, issued.ExpiresAt, now, Authority: issued.Authority), now);
        next = next with { Renewal = new RenewedCertificate(thumbprint, keyHash, issued) };
        return new Change<GatewayState, IssuedCertificate>(next, issued, new DomainEvent("gateway.certificate-renewed", new { thumbprint, issued.ExpiresAt, renewedWith = presented }));
    }

    /// <summary>A link is opened with a certificate: those that were issued before it count no longer than their overlap.</summary>
    public static (GatewayState State, DomainEvent[] Events) InUse(GatewayState state, string thumbprint, DateTimeOffset now)
    {
        var used = Array.FindIndex(state.Certificates, known => known.Is(thumbprint));
        if (used < 0) return (state, []);
        if (state.Renewal is { } renewal && state.Certificates[used].Is(renewal.Thumbprint)) state = state with { Renewal = null };
        var certificates = state.Certificates.Select((known, at) => at < used ? RetiredBy(known, now) : known).ToArray();
        var retiring = certificates.Except(state.Certificates).ToArray();
        if (retiring.Length == 0) return (state, []);
        var next = state with { Certificates = certificates };
        return (next, [new DomainEvent("gateway.certificate-in-use", new { thumbprint, replaces = retiring.Select(known => known.Thumbprint).ToArray() })]);
    }

    /// <summary>Every certificate that counts now is to be replaced (M1.10).</summary>
    public static Change<GatewayState, string[]> AskRotation(GatewayState state, DateTimeOffset now)
    {
        GatewayMachine.RequireLive(state);
        var asked = state.Certificates.Where(known => known.CountsAt(now)).Select(known => known.Thumbprint).ToArray();
        if (state.Certificates.All(known => known.MustBeReplaced)) return new Change<GatewayState, string[]>(null, asked);
        var next = state with { Certificates = [.. state.Certificates.Select(known => known with { MustBeReplaced = true })] };
        return new Change<GatewayState, string[]>(next, asked, new DomainEvent("gateway.credential-rotation-asked", new { thumbprints = asked }));
    }

    /// <summary>The agent has stored which CAs it trusts.</summary>
    public static Change<GatewayState, GatewayState> Trusts(GatewayState state, IReadOnlyCollection<string> authorities)
    {
        GatewayMachine.RequireLive(state);
        if (authorities.Count is 0 or > MaxAuthorities || authorities.Any(static one => one.Length != 64)) throw Arguments.Invalid($"An agent trusts 1 to {MaxAuthorities} CAs.");
        return state.TrustedAuthorities.ToHashSet().SetEquals(authorities)
            ? Change.Keep(state)
            : Change.To(state with { TrustedAuthorities = [.. authorities] }, new DomainEvent("gateway.trust-stored", new { authorities }));
    }

    /// <summary>True when the certificate is of a CA that does not issue any more, so that its gateway is to get another.</summary>
    public static bool IsOfFormer(GatewayState state, string thumbprint, string issuing) =>
        state.Certificates.Any(known => known.Is(thumbprint) && known.Authority.Length > 0 && known.Authority != issuing);

    /// <summary>True when a certificate's overlap is over and it is not yet owed to be revoked.</summary>
    public static bool HasRetired(GatewayState state, DateTimeOffset now) => state.Certificates.Any(known => known.RetiresAt <= now);

    /// <summary>When the next overlap is over; null for none.</summary>
    public static DateTimeOffset? NextRetirementAt(GatewayState state) => state.Certificates.Min(known => known.RetiresAt);

    /// <summary>Certificates whose overlap is over are owed to be revoked.</summary>
    public static Change<GatewayState, GatewayState> Retire(GatewayState state, DateTimeOffset now)
    {
        var retired = state.Certificates.Where(known => known.RetiresAt <= now).ToArray();
        // More than fit wait until those that are owed already are revoked; they open no link meanwhile.
        retired = [.. retired.Take(GatewayMachine.MaxCertificatesToRevoke - MaxLive - state.CertificatesToRevoke.Length)];
        if (retired.Length == 0) return Change.Keep(state);
        var next = state with
        {
            Certificates = [.. state.Certificates.Except(retired)],
            CertificatesToRevoke = [.. state.CertificatesToRevoke, .. retired.Where(known => known.ExpiresAt > now)],
        };
        return Change.To(next, new DomainEvent("gateway.certificate-retired", new { thumbprints = retired.Select(known => known.Thumbprint).ToArray() }));
    }

    private static GatewayCertificate RetiredBy(GatewayCertificate known, DateTimeOffset now)
    {
        var end = now + (known.MustBeReplaced ? ReplacementOverlap : Overlap);
        return known.RetiresAt <= end ? known : known with { RetiresAt = end };
    }

    private static GatewayState Added(GatewayState state, GatewayCertificate certificate, DateTimeOffset now)
    {
        var live = state.Certificates.Where(known => known.ExpiresAt > now).ToArray();
        var next = state with
        {
            Certificates = [.. live.TakeLast(MaxLive - 1), certificate],
            CertificatesToRevoke = [.. state.CertificatesToRevoke, .. live.SkipLast(MaxLive - 1)],
        };
        // Deactivation must have room for all that are left.
        return next.CertificatesToRevoke.Length <= GatewayMachine.MaxCertificatesToRevoke - MaxLive
            ? next
            : throw new TidegateException(ErrorCodes.Unavailable, "Earlier certificates of the gateway are still being revoked.", "Try again in a minute.");
    }
}
