using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Tidegate.Client.Grain.Agents;
using Tidegate.GatewayAgent.Activation;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Tests.Unit.Agent.Activation;

/// <summary>The service's side of an activation, as strict as the real one: proofs, one key pair a session, certificates for that pair alone.</summary>
internal sealed class FakeActivationService : IActivationService, IDisposable
{
    public const string GatewayId = "gw-0123456789abcdef0123";
    public const string AccountId = "123456789012";
    private readonly FakeTimeProvider _time;
    private readonly ECDsa _authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority;
    private readonly Dictionary<string, byte[]> _sessions = [];
    private int _polls;

    public FakeActivationService(FakeTimeProvider time)
    {
        _time = time;
        var request = new CertificateRequest("CN=authority", _authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _authority = request.CreateSelfSigned(time.GetUtcNow().AddDays(-1), time.GetUtcNow().AddYears(2));
    }

    /// <summary>Polls that answer pending before somebody claims; never for null.</summary>
    public int? ClaimedAfterPolls { get; set; } = 1;

    /// <summary>Thrown by the next calls, first to last.</summary>
    public Queue<TidegateException> Failures { get; } = new();

    public int SessionsOpened => _sessions.Count;

    public List<string> CertificatesFor { get; } = [];

    public Task<ActivationSessionReply> OpenSessionAsync(ActivationSessionRequest request, CancellationToken cancellationToken)
    {
        Fail();
        Verify(request.PublicKey, request.PublicKey, request.Signature);
        var key = $"KEY-{_sessions.Count}";
        var session = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(key)));
        _sessions[session] = request.PublicKey;
        _polls = 0;
        return Task.FromResult(new ActivationSessionReply(key, session, _time.GetUtcNow().AddMinutes(30), 2));
    }

    public Task<ActivationPollReply> PollAsync(ActivationPollRequest request, CancellationToken cancellationToken)
    {
        Fail();
        Verify(Session(request.SessionId), Encoding.ASCII.GetBytes("tidegate-poll:" + request.SessionId), request.Signature);
        return Task.FromResult(ClaimedAfterPolls is { } after && _polls++ >= after
            ? new ActivationPollReply(ActivationPollState.Claimed, new ActivationClaim(AccountId, GatewayId, "site", "UTC"))
            : new ActivationPollReply(ActivationPollState.Pending));
    }

    public Task<ActivationCertificateReply> RequestCertificateAsync(ActivationCertificateRequest request, CancellationToken cancellationToken)
    {
        Fail();
        var signing = CertificateRequest.LoadSigningRequest(request.CertificateRequest, HashAlgorithmName.SHA256);
        if (!signing.PublicKey.ExportSubjectPublicKeyInfo().SequenceEqual(Session(request.SessionId)))
            throw new TidegateException(ErrorCodes.ActivationKeyInvalid, "another key pair");
        CertificatesFor.Add(signing.SubjectName.Name);
        var generator = X509SignatureGenerator.CreateForECDsa(_authorityKey);
        using var certificate = signing.Create(_authority.SubjectName, generator, _time.GetUtcNow(), _time.GetUtcNow().AddYears(1), [1, (byte)CertificatesFor.Count]);
        return Task.FromResult(new ActivationCertificateReply(
            certificate.ExportCertificatePem(), _authority.ExportCertificatePem(), new DateTimeOffset(certificate.NotAfter.ToUniversalTime())));
    }

    public void Dispose()
    {
        _authority.Dispose();
        _authorityKey.Dispose();
    }

    private byte[] Session(string id) => _sessions.TryGetValue(id, out var key) ? key : throw new TidegateException(ErrorCodes.ActivationKeyNotFound, "no such session");

    private void Fail()
    {
        if (Failures.TryDequeue(out var failure)) throw failure;
    }

    private static void Verify(byte[] publicKey, byte[] data, byte[] signature)
    {
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(publicKey, out _);
        if (!key.VerifyData(data, signature, HashAlgorithmName.SHA256)) throw new TidegateException(ErrorCodes.ActivationKeyInvalid, "no proof of possession");
    }
}
