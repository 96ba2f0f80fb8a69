using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Tidegate.Client.Grain.Agents;
using Tidegate.Client.Rest;
using Tidegate.GatewayAgent.Identity;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Activation;

/// <summary>
/// Carries an activation to its end: does what <see cref="ActivationMachine"/> says and makes every step durable before the
/// next, so that a crash at any of them resumes (M4.2). Service trouble is waited out with back-off; only cancellation ends it.
/// </summary>
internal sealed partial class ActivationRunner(
    IdentityStore identity,
    IActivationService service,
    Func<GatewayMetadata> collectMetadata,
    IActivationDisplay display,
    TimeProvider time,
    ILogger<ActivationRunner> logger)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromSeconds(20);

    /// <summary>Returns the credential: the stored one, or the one that a customer's claim brings.</summary>
    public async Task<GatewayCredential> RunAsync(CancellationToken cancellationToken)
    {
        if (identity.LoadCredential() is { } stored) return stored;
        using var key = identity.LoadOrCreateKey();
        var machine = new ActivationMachine(identity.LoadActivation(), Jittered);
        var failures = 0;
        while (machine.Progress.Stage != ActivationStage.Activated)
        {
            Show(machine, key);
            var step = machine.Next(time.GetUtcNow(), failures == 0 ? TimeSpan.Zero : Backoff.After(failures, FirstRetry, MaxRetry));
            await WaitAsync(machine, key, step.Delay, cancellationToken);
            try
            {
                await PerformAsync(machine, step.Action, key, cancellationToken);
                failures = 0;
            }
            catch (TidegateException refused)
            {
                failures++;
                if (machine.Refused(refused.Code))
                {
                    identity.SaveActivation(machine.Progress);
                    LogSessionOver(logger, refused.Message);
                }
                else
                {
                    LogStepFailed(logger, step.Action, failures, refused.Message, refused.NextStep ?? "");
                    display.ShowTrouble(refused.Message);
                }
            }
        }
        display.HideKey();
        return identity.LoadCredential() ?? throw new IdentityException("The certificate vanished while it was stored.", "Check the disk of the state directory.");
    }

    private async Task PerformAsync(ActivationMachine machine, ActivationAction action, ECDsa key, CancellationToken cancellationToken)
    {
        var progress = machine.Progress;
        switch (action)
        {
            case ActivationAction.OpenSession:
                var publicKey = key.ExportSubjectPublicKeyInfo();
                var session = await service.OpenSessionAsync(new(publicKey, collectMetadata(), Sign(key, publicKey)), cancellationToken);
                machine.SessionOpened(session, time.GetUtcNow());
                identity.SaveActivation(machine.Progress);
                LogAdvertising(logger, machine.Progress.SessionId, machine.Progress.AdvertiseUntil);
                break;
            case ActivationAction.Poll:
                var poll = await service.PollAsync(new(progress.SessionId, Sign(key, Encoding.ASCII.GetBytes("tidegate-poll:" + progress.SessionId))), cancellationToken);
                if (poll is not { State: ActivationPollState.Claimed, Claim: { } claim })
                {
                    machine.StillPending(time.GetUtcNow());
                    break;
                }
                machine.Claimed(claim);
                identity.SaveCustomer(machine.Progress.Customer!);
                identity.SaveActivation(machine.Progress);
                LogClaimed(logger, claim.GatewayId, claim.Name, claim.AccountId);
                break;
            case ActivationAction.RequestCertificate:
                var reply = await service.RequestCertificateAsync(
                    new(progress.SessionId, progress.ActivationKey, BuildRequest(key, progress.Customer!)), cancellationToken);
                identity.SaveCredential(reply.CertificatePem, reply.CaPem);
                machine.CertificateStored();
                LogActivated(logger, progress.Customer!.GatewayId, reply.ExpiresAt);
                break;
        }
    }

    private async Task WaitAsync(ActivationMachine machine, ECDsa key, TimeSpan delay, CancellationToken cancellationToken)
    {
        // A wait that spans the end of the advertisement is cut there, so that the key disappears on time.
        var now = time.GetUtcNow();
        if (machine.ShownKey(now) is not null && now + delay > machine.Progress.AdvertiseUntil)
        {
            var first = machine.Progress.AdvertiseUntil - now;
            await Task.Delay(first, time, cancellationToken);
            Show(machine, key);
            delay -= first;
        }
        if (delay > TimeSpan.Zero) await Task.Delay(delay, time, cancellationToken);
    }

    private void Show(ActivationMachine machine, ECDsa key)
    {
        if (machine.ShownKey(time.GetUtcNow()) is { } shown)
            display.ShowKey(new AdvertisedKey(shown, KeyFingerprint.Of(key.ExportSubjectPublicKeyInfo()), machine.Progress.AdvertiseUntil)
            {
                ConsoleUrl = machine.Progress.ConsoleUrl,
            });
        else display.HideKey();
    }

    private static byte[] BuildRequest(ECDsa key, CustomerInformation customer)
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddOrganizationName(customer.AccountId);
        name.AddCommonName(customer.GatewayId);
        return new CertificateRequest(name.Build(), key, HashAlgorithmName.SHA256).CreateSigningRequest();
    }

    private static byte[] Sign(ECDsa key, byte[] data) => key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    private static TimeSpan Jittered(TimeSpan interval) => interval * (0.8 + (RandomNumberGenerator.GetInt32(0, 401) / 1000.0));

    [LoggerMessage(2001, LogLevel.Information, "Activation session {SessionId} is open; its key is shown until {Until:O}")]
    private static partial void LogAdvertising(ILogger logger, string sessionId, DateTimeOffset until);
    [LoggerMessage(2002, LogLevel.Information, "Claimed as gateway {GatewayId} ({Name}) of account {AccountId}")]
    private static partial void LogClaimed(ILogger logger, string gatewayId, string name, string accountId);
    [LoggerMessage(2003, LogLevel.Information, "Gateway {GatewayId} is activated; its certificate is good until {ExpiresAt:O}")]
    private static partial void LogActivated(ILogger logger, string gatewayId, DateTimeOffset expiresAt);
    [LoggerMessage(2004, LogLevel.Warning, "The activation session is over ({Why}); asking for a new key")]
    private static partial void LogSessionOver(ILogger logger, string why);
    [LoggerMessage(2005, LogLevel.Warning, "Activation step {Action} failed {Failures} times: {Why} {NextStep}")]
    private static partial void LogStepFailed(ILogger logger, ActivationAction action, int failures, string why, string nextStep);
}
