using Tidegate.Client.Grain.Agents;
using Tidegate.GatewayAgent.Identity;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.GatewayAgent.Activation;

/// <summary>
/// The agent's side of the eleven steps (mission 4, <c>docs/protocols/activation.md</c>): knows no clock, network or disk.
/// </summary>
/// <remarks>
/// Invariants: a session is given up only after a poll made at or after the end of its advertisement said that nobody had
/// claimed it, or after the service said that it knows it no longer; a claim is never given up while the service honours it.
/// </remarks>
internal sealed class ActivationMachine
{
    /// <summary>The key is shown this long at most, whatever the service says (M4.1).</summary>
    public static readonly TimeSpan MaxAdvertisement = TimeSpan.FromMinutes(30);
    /// <summary>The service keeps a session this much longer than the gateway shows its key (M4.1: 45 minutes).</summary>
    public static readonly TimeSpan ServiceGrace = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan MinAdvertisement = TimeSpan.FromMinutes(1);

    private readonly Func<TimeSpan, TimeSpan> _jitter;
    private bool _polledAfterEnd;
    private bool _pollAtOnce;

    /// <summary>Continues from what is stored. <paramref name="jitter"/> spreads a poll's interval.</summary>
    public ActivationMachine(ActivationProgress? stored, Func<TimeSpan, TimeSpan> jitter)
    {
        Progress = stored ?? ActivationProgress.Unopened;
        _jitter = jitter;
        // Whatever happened while the agent was away is learnt first.
        _pollAtOnce = true;
    }

    public ActivationProgress Progress { get; private set; }

    /// <summary>The key to show now, or null.</summary>
    public string? ShownKey(DateTimeOffset now) =>
        Progress.Stage == ActivationStage.Advertising && now < Progress.AdvertiseUntil ? Progress.ActivationKey : null;

    /// <summary>What to do next. <paramref name="retryDelay"/> is the back-off after a failure; zero after a success.</summary>
    public ActivationStep Next(DateTimeOffset now, TimeSpan retryDelay) => Progress.Stage switch
    {
        ActivationStage.Unopened => new(ActivationAction.OpenSession, retryDelay),
        ActivationStage.Claimed => new(ActivationAction.RequestCertificate, retryDelay),
        ActivationStage.Activated => new(ActivationAction.Finish, TimeSpan.Zero),
        _ when now >= Progress.AdvertiseUntil + ServiceGrace || _polledAfterEnd => new(ActivationAction.OpenSession, retryDelay),
        _ => new(ActivationAction.Poll, PollDelay(now, retryDelay)),
    };

    /// <summary>Step 3: the session is open. Its end is reckoned on this machine's clock, which may be wrong by hours.</summary>
    public void SessionOpened(ActivationSessionReply reply, DateTimeOffset now)
    {
        var shown = TimeSpan.FromTicks(Math.Clamp((reply.AdvertiseUntil - now).Ticks, MinAdvertisement.Ticks, MaxAdvertisement.Ticks));
        Progress = new ActivationProgress(
            ActivationStage.Advertising, reply.ActivationKey.Reveal(), reply.SessionId, now + shown, Math.Clamp(reply.PollSeconds, 0.2, 60), null)
        {
            ConsoleUrl = reply.ConsoleUrl is { IsAbsoluteUri: true, Scheme: "https" } console ? console : null,
        };
        (_polledAfterEnd, _pollAtOnce) = (false, false);
    }

    /// <summary>Step 8 was answered "not yet".</summary>
    public void StillPending(DateTimeOffset now) => (_polledAfterEnd, _pollAtOnce) = (now >= Progress.AdvertiseUntil, false);

    /// <summary>Step 8: somebody claimed it.</summary>
    public void Claimed(ActivationClaim claim) => Progress = Progress with
    {
        Stage = ActivationStage.Claimed,
        Customer = new CustomerInformation(claim.AccountId, claim.GatewayId, claim.Name, claim.TimeZone),
    };

    /// <summary>Step 10: the certificate is stored.</summary>
    public void CertificateStored() => Progress = Progress with { Stage = ActivationStage.Activated };

    /// <summary>The service refused. True when the session is over and a new one begins; false when the same step is tried again.</summary>
    public bool Refused(string code)
    {
        if (code is not (ErrorCodes.ActivationKeyNotFound or ErrorCodes.ActivationKeyExpired or ErrorCodes.ActivationKeyInvalid)) return false;
        Progress = ActivationProgress.Unopened;
        return true;
    }

    private TimeSpan PollDelay(DateTimeOffset now, TimeSpan retryDelay)
    {
        if (retryDelay > TimeSpan.Zero) return retryDelay;
        if (_pollAtOnce || now >= Progress.AdvertiseUntil) return TimeSpan.Zero;
        var interval = _jitter(TimeSpan.FromSeconds(Progress.PollSeconds));
        var untilEnd = Progress.AdvertiseUntil - now;
        return interval < untilEnd ? interval : untilEnd;
    }
}
