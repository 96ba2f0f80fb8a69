using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Gateways;

// The gateway's certificates: issue, renewal, rotation on demand. Their revocation is settled as everything is that the gateway owes.
internal sealed partial class GatewayGrain
{
    private static readonly TimeSpan RotationTimeout = TimeSpan.FromSeconds(25);

    /// <inheritdoc />
    public Task RecordCertificate(string thumbprint, DateTimeOffset expiresAt, string authority = "") =>
        ChangeAsync((state, now) => CertificateRules.Record(state, thumbprint, expiresAt, now, authority));

    /// <inheritdoc />
    public Task<bool> IsCertificateValid(string thumbprint) =>
        Task.FromResult(CertificateRules.IsValid(State, thumbprint, Now));

    /// <inheritdoc />
    public async Task<IssuedCertificate> RenewCertificate(string thumbprint, byte[] certificateRequest)
    {
        var key = RequestedKey.Read(certificateRequest);
        if (CertificateRules.CheckRenewal(State, thumbprint, key.Hash, Now, authority.Authority) is { } known) return known;
        var issued = await authority.IssueGatewayCertificateAsync(certificateRequest, key.PublicKey, State.AccountId, Key);
        return await ChangeAsync((state, now) =>
            CertificateRules.Renewed(state, thumbprint, key.Hash, CertificateThumbprint.OfPem(issued.CertificatePem), issued, now));
    }

    /// <inheritdoc />
    public async Task<CredentialRotated> RotateCredential(string requestId)
    {
        RequireOwner(Roles.Admins);
        Arguments.Text(requestId, "request id", 64);
        // Nothing is asked for that nobody can be told of.
        if (_live is null) throw LiveLink.NotConnected();
        if (!_requests.Entries.ContainsKey(requestId)) await SaveChangeAsync(CertificateRules.AskRotation);
        var replaced = State.Certificates.Where(known => known.MustBeReplaced).Select(known => known.Thumbprint).ToArray();
        var request = new RotateCredentialRequest { RequestId = requestId, ValidFor = RotationTimeout, Replaced = replaced };
        return await PushAsync<CredentialRotated>(request, "rotate-credential", RotationTimeout);
    }

    /// <inheritdoc />
    public Task TrustStored(long generation, string[] authorities)
    {
        Authorisation.RequireGateway(Key, What);
        LinkMachine.RequireGeneration(_live?.State, generation);
        return ChangeAsync((state, _) => CertificateRules.Trusts(state, authorities));
    }

    /// <summary>At each ping: an agent is told of the service's CAs when they have changed, and is had to get a certificate of the one that issues.</summary>
    private void FollowAuthorities(LiveLink link)
    {
        var trusted = authority.TrustedPem;
        if (link.ToldAuthorities != trusted && link.Send(new LinkTrust(trusted))) link.ToldAuthorities = trusted;
        if (!CertificateRules.IsOfFormer(State, link.Holding.Thumbprint, authority.Authority)) return;
        // Many gateways learn of it in the same second: each has a moment of its own, and another one when that was in vain.
        if (link.ReplaceAt is not { } at) link.ReplaceAt = Now + (authority.ChangeSpread * RandomNumberGenerator.GetInt32(0, 1001) / 1000);
        else if (Now >= at && link.Observer is not null)
        {
            link.ReplaceAt = null;
            _ = ReplaceCredentialAsync(link);
        }
    }

    private async Task ReplaceCredentialAsync(LiveLink link)
    {
        try
        {
            var request = new RotateCredentialRequest { RequestId = ResourceId.New(ResourceKind.Request), ValidFor = RotationTimeout, Replaced = [link.Holding.Thumbprint] };
            await PushAsync<CredentialRotated>(request, "rotate-credential", RotationTimeout);
        }
        catch (Exception failure)
        {
            LogNotReplaced(_log, Key, failure.Message);
        }
    }

    [LoggerMessage(124, LogLevel.Warning, "Gateway {Gateway} has a certificate of a former CA, and did not replace it: {Reason} It is asked again")]
    private static partial void LogNotReplaced(ILogger log, string gateway, string reason);
}
