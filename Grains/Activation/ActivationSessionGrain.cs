using Tidegate.Grains.Accounts;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Activation;

/// <summary>See <see cref="IActivationSessionGrain"/>. Every step is saved before the next begins, so a crash resumes there (M4.2).</summary>
[GrainType("activation")]
internal sealed class ActivationSessionGrain(
    [PersistentState("activation", "state")] IPersistentState<ActivationState> storage, AggregateServices services, ICertificateAuthority authority)
    : AggregateGrain<ActivationState>(storage, services), IActivationSessionGrain
{
    /// <inheritdoc />
    public Task<ActivationStarted> Begin(byte[] publicKey, GatewayMetadata metadata) =>
        ChangeAsync((state, now) => ActivationMachine.Begin(state, publicKey, metadata, now));

    /// <inheritdoc />
    public Task<ActivationPreview> Preview() =>
        LimitedAsync(account => Task.FromResult(ActivationMachine.Preview(State, account, Now)));

    /// <inheritdoc />
    public Task<ActivationClaim> Claim(string name, string timeZone) => LimitedAsync(async account =>
    {
        var before = State.Claim;
        var intended = (await SaveChangeAsync((state, now) =>
            ActivationMachine.Intend(state, account, name, timeZone, ResourceId.New(ResourceKind.Gateway), now))).Claim!;
        if (before is not null && before != intended) await ReleaseAsync(before);
        await Names.ReserveAsync(GrainFactory, account, Names.Gateway, name, intended.GatewayId);
        return await ChangeAsync((state, now) => ActivationMachine.Win(state, intended, now));
    });

    /// <inheritdoc />
    public async Task<ActivationClaim?> Poll(byte[] signature)
    {
        var claim = ActivationMachine.Poll(State, Key, signature, Now);
        if (claim is not null || State.ClaimedAt is null) return claim;
        await SettleQuietlyAsync();
        return ActivationMachine.Poll(State, Key, signature, Now);
    }

    /// <inheritdoc />
    public async Task<IssuedCertificate> Issue(byte[] certificateRequest, string activationKey)
    {
        var claim = ActivationMachine.RequireIssuable(State, Key, activationKey, Now);
        if (State.Certificate is { } issued) return issued;
        var certificate = await authority.IssueGatewayCertificateAsync(certificateRequest, State.PublicKey, claim.AccountId, claim.GatewayId);
        var thumbprint = CertificateThumbprint.OfPem(certificate.CertificatePem);
        await GrainFactory.GetGrain<IGatewayGrain>(claim.GatewayId).RecordCertificate(thumbprint, certificate.ExpiresAt, certificate.Authority);
        return await ChangeAsync((state, _) => ActivationMachine.Issued(state, certificate, thumbprint));
    }

    /// <inheritdoc />
    protected override async Task<TimeSpan?> SettleOthersAsync()
    {
        if (State.ClaimedAt is not null && !State.IsProvisioned && State.Claim is { } claim)
        {
            await GrainFactory.GetGrain<IGatewayGrain>(claim.GatewayId).Provision(new GatewayProvision(
                claim.AccountId, claim.Name, claim.TimeZone, State.Metadata, ActivationMachine.FingerprintOf(State.PublicKey)));
            await SaveChangeAsync((state, _) => ActivationMachine.Provisioned(state));
        }

        if (State.PublicKey.Length == 0) return null;
        if (!ActivationMachine.IsOver(State, Now)) return State.ExpiresAt - Now;
        if (!IsPublished) return TimeSpan.FromSeconds(1);
        if (State is { ClaimedAt: null, Claim: { } abandoned }) await ReleaseAsync(abandoned);
        await ForgetAsync();
        return null;
    }

    /// <summary>An agent whose session is gone begins another one.</summary>
    protected override bool IsBroughtBack => false;

    /// <inheritdoc />
    protected override string OwnerOf(ActivationState state) => state.ClaimedAt is null ? "" : state.Claim?.AccountId ?? "";

    private Task ReleaseAsync(ActivationClaim intention) =>
        Names.Grain(GrainFactory, intention.AccountId, Names.Gateway, intention.Name).Release(intention.GatewayId);

    private async Task<T> LimitedAsync<T>(Func<string, Task<T>> attempt)
    {
        var caller = Caller.Current;
        if (caller.Role != Role.AccountAdmin || caller.AccountId.Length == 0 || caller.Volumes.Length > 0)
        {
            throw new TidegateException(ErrorCodes.Forbidden, "Only an admin of an account may activate a gateway for it.", "Use an API key of the account with the role accountAdmin.");
        }

        var limiter = GrainFactory.GetGrain<IClaimLimiterGrain>(caller.AccountId);
        if (!await limiter.MayTry())
        {
            throw new TidegateException(ErrorCodes.RateLimited, "This account tried too many activation keys that were of no use.", "Wait ten minutes.");
        }

        try
        {
            return await attempt(caller.AccountId);
        }
        catch (TidegateException failure) when (failure.Code is ErrorCodes.ActivationKeyNotFound or ErrorCodes.ActivationKeyInvalid)
        {
            await limiter.Failed();
            throw;
        }
    }
}
