using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Gateways;

// The gateway's certificates: issue, renewal, rotation on demand. Their revocation is settled as everything is that the gateway owes.
internal sealed partial class GatewayGrain
{
    private static readonly TimeSpan RotationTimeout = TimeSpan.FromSeconds(25);

    /// <inheritdoc />
    public Task RecordCertificate(string thumbprint, DateTimeOffset expiresAt) =>
        ChangeAsync((state, now) => CertificateRules.Record(state, thumbprint, expiresAt, now));

    /// <inheritdoc />
    public Task<bool> IsCertificateValid(string thumbprint) =>
        Task.FromResult(CertificateRules.IsValid(State, thumbprint, Now));

    /// <inheritdoc />
    public async Task<IssuedCertificate> RenewCertificate(string thumbprint, byte[] certificateRequest)
    {
        var key = RequestedKey.Read(certificateRequest);
        if (CertificateRules.CheckRenewal(State, thumbprint, key.Hash, Now) is { } known) return known;
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
}
