using System.Security.Cryptography;
using System.Text;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Gateways;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Activation;

/// <summary>
/// One activation (mission 4, <c>docs/protocols/activation.md</c>). Pure. Invariants: a session has one public key for ever; at
/// most one claim wins and it never changes; a certificate is kept only for that key and after the claim; nothing but
/// collection happens after the end.
/// </summary>
internal static class ActivationMachine
{
    /// <summary>How long the agent shows the key (M4.1).</summary>
    public static readonly TimeSpan AdvertisedFor = TimeSpan.FromMinutes(30);

    /// <summary>How long the service accepts it; after the claim, how long the agent has for picking the certificate up.</summary>
    public static readonly TimeSpan LivesFor = TimeSpan.FromMinutes(45);

    /// <summary>How often the agent asks.</summary>
    public static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);

    /// <summary>Longest SubjectPublicKeyInfo taken; P-256 takes 91 bytes.</summary>
    public const int MaxPublicKeyBytes = 256;

    /// <summary>Steps 2-3. A session begins once.</summary>
    public static Change<ActivationState, ActivationStarted> Begin(ActivationState state, byte[] publicKey, GatewayMetadata metadata, DateTimeOffset now)
    {
        if (state.PublicKey.Length > 0) throw Invalid("The activation session exists already.");
        if (!IsP256(publicKey)) throw Arguments.Invalid("The public key must be an ECDSA P-256 SubjectPublicKeyInfo.");
        var next = state with { PublicKey = publicKey, Metadata = GatewayMachine.Bounded(metadata), BegunAt = now, ExpiresAt = now + LivesFor };
        return new Change<ActivationState, ActivationStarted>(
            next,
            new ActivationStarted(now + AdvertisedFor, PollInterval),
            new DomainEvent("activation.begun", new { keyFingerprint = FingerprintOf(publicKey), metadata.HostName }));
    }

    /// <summary>Step 6: what a signed-in customer sees. Unknown, expired and already claimed look alike (M4.4).</summary>
    public static ActivationPreview Preview(ActivationState state, string accountId, DateTimeOffset now)
    {
        if (!IsOpenTo(state, accountId, now)) throw Unknown();
        return new ActivationPreview(state.Metadata, FingerprintOf(state.PublicKey), state.ExpiresAt);
    }

    /// <summary>
    /// Steps 6-7, before the name is reserved: notes who wants to claim what. The same wish again keeps its gateway id; a
    /// claim that has won answers its winner and nobody else.
    /// </summary>
    public static Change<ActivationState, ActivationState> Intend(
        ActivationState state, string accountId, string name, string timeZone, string freshGatewayId, DateTimeOffset now)
    {
        if (!IsOpenTo(state, accountId, now)) throw Unknown();
        Arguments.Name(name, "gateway name");
        Arguments.Text(timeZone, "time zone", 64);
        if (state.Claim is { } claim && claim.AccountId == accountId && claim.Name == name && claim.TimeZone == timeZone) return Change.Keep(state);
        if (state.ClaimedAt is not null) throw Invalid("The activation key was used.");
        return Change.To(state with { Claim = new ActivationClaim(accountId, freshGatewayId, name, timeZone) }) with { Owes = true };
    }

    /// <summary>Step 7: the intention, whose name is reserved now, wins.</summary>
    public static Change<ActivationState, ActivationClaim> Win(ActivationState state, ActivationClaim intended, DateTimeOffset now)
    {
        if (state.Claim != intended || now >= state.ExpiresAt) throw Unknown();
        if (state.ClaimedAt is not null) return Change.None(state, intended);
        return new Change<ActivationState, ActivationClaim>(
            state with { ClaimedAt = now, ExpiresAt = Later(state.ExpiresAt, now + LivesFor) },
            intended,
            new DomainEvent("activation.claimed", new { intended.AccountId, intended.GatewayId, intended.Name, intended.TimeZone }));
    }

    /// <summary>The gateway's grain has taken the claim.</summary>
    public static Change<ActivationState, ActivationState> Provisioned(ActivationState state) =>
        state.IsProvisioned ? Change.Keep(state) : Change.To(state with { IsProvisioned = true });

    /// <summary>Step 8: the claim, once it has won, for whoever holds the session's private key (M4.3).</summary>
    public static ActivationClaim? Poll(ActivationState state, string sessionId, byte[] signature, DateTimeOffset now)
    {
        if (state.PublicKey.Length == 0 || !IsSignedBy(state.PublicKey, $"tidegate-poll:{sessionId}", signature)) throw Unknown();
        if (now >= state.ExpiresAt) throw Expired();
        return state.ClaimedAt is not null && state.IsProvisioned ? state.Claim : null;
    }

    /// <summary>Step 9: may a certificate be issued to whoever presents the key? The claim it is for.</summary>
    public static ActivationClaim RequireIssuable(ActivationState state, string sessionId, string activationKey, DateTimeOffset now)
    {
        if (ActivationKeyText.SessionIdOfTyped(activationKey) != sessionId) throw Invalid("The activation key is not this session's.");
        if (state.PublicKey.Length == 0) throw Unknown();
        if (now >= state.ExpiresAt) throw Expired();
        return state.ClaimedAt is not null && state.IsProvisioned && state.Claim is { } claim
            ? claim
            : throw Invalid("The activation key has not been claimed.");
    }

    /// <summary>Step 10: keeps the certificate; the first one stands.</summary>
    public static Change<ActivationState, IssuedCertificate> Issued(ActivationState state, IssuedCertificate certificate, string thumbprint) =>
        state.Certificate is { } first
            ? Change.None(state, first)
            : new Change<ActivationState, IssuedCertificate>(
                state with { Certificate = certificate }, certificate, new DomainEvent("activation.issued", new { thumbprint, certificate.ExpiresAt }));

    /// <summary>True when the session is over and may be collected.</summary>
    public static bool IsOver(ActivationState state, DateTimeOffset now) => state.PublicKey.Length > 0 && now >= state.ExpiresAt;

    /// <summary>The form in which people compare public keys.</summary>
    public static string FingerprintOf(byte[] publicKey) => "SHA256:" + Convert.ToBase64String(SHA256.HashData(publicKey)).TrimEnd('=');

    /// <summary>The one answer for every key that is of no use to this caller (M4.4).</summary>
    public static TidegateException Unknown() => new(
        ErrorCodes.ActivationKeyNotFound, "No activation session takes this key.", "Read the key from the gateway again; it changes every 30 minutes and can be used once.");

    private static TidegateException Expired() => new(
        ErrorCodes.ActivationKeyExpired, "The activation session has expired.", "Begin a new session; the gateway then shows a new key.");

    private static TidegateException Invalid(string message) => new(
        ErrorCodes.ActivationKeyInvalid, message, "Begin a new session; the gateway then shows a new key.");

    private static bool IsOpenTo(ActivationState state, string accountId, DateTimeOffset now) =>
        state.PublicKey.Length > 0 && now < state.ExpiresAt && (state.ClaimedAt is null || state.Claim!.AccountId == accountId);

    private static DateTimeOffset Later(DateTimeOffset left, DateTimeOffset right) => left > right ? left : right;

    private static bool IsP256(byte[] publicKey)
    {
        if (publicKey.Length is 0 or > MaxPublicKeyBytes) return false;
        try
        {
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(publicKey, out var read);
            return read == publicKey.Length && key.KeySize == 256;
        }
        catch (Exception wrong) when (wrong is CryptographicException or NotSupportedException)
        {
            return false;
        }
    }

    private static bool IsSignedBy(byte[] publicKey, string text, byte[] signature)
    {
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(publicKey, out _);
        return key.VerifyData(Encoding.ASCII.GetBytes(text), signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }
}
