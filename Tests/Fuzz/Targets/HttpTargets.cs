using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Tidegate.Client.Grain.Agents;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Activation;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Silo.Api;
using Tidegate.Silo.Pki;
using Tidegate.Tests.Fuzz.Engine;

namespace Tidegate.Tests.Fuzz.Targets;

/// <summary>What anybody can send to the HTTPS listeners: requests of the API, and the agent's half of activation (<c>docs/protocols/activation.md</c>).</summary>
internal static class HttpTargets
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(56);
    private static readonly JsonSerializerOptions Json = MakeOptions();

    /// <summary>The records that requests are read into: what the routes take.</summary>
    private static readonly Type[] Requests = [.. typeof(CreateVolumeRequest).Assembly.GetTypes()
        .Where(static type => type.Namespace == typeof(CreateVolumeRequest).Namespace && (type.Name.EndsWith("Request", StringComparison.Ordinal) || type.Name.EndsWith("Body", StringComparison.Ordinal))),
        typeof(BandwidthView), typeof(RetentionView)];

    /// <summary>Any body of the API, read as each of the records.</summary>
    public static FuzzTarget Body()
    {
        const string bandwidth = """{"uploadBytesPerSecond":5,"downloadBytesPerSecond":null,"windows":[{"days":["monday"],"from":"08:00","to":"24:00","uploadBytesPerSecond":1,"downloadBytesPerSecond":2}],"timeZone":"Etc/UTC"}""";
        string[] seeds =
        [
            bandwidth, """{"windowSeconds":86400,"thinEverySeconds":3600,"thinForSeconds":864000}""", """{"activationKey":"AAAAA-AAAAA-AAAAA-AAAAA-AAAAAA","name":"n","timeZone":"Etc/UTC"}""",
            """{"gatewayId":"gw-00000000000000000001","name":"disk","sizeBytes":1048576,"sourcePoint":{"volumeId":"vol-00000000000000000001","at":"2026-01-01T00:00:00Z","sequence":null}}""",
            """{"label":"l","role":"tenant","lifetimeSeconds":60}""", """{"snapshotIds":["snap-00000000000000000001"]}""", """{"description":"d","volumeIds":["vol-00000000000000000001"]}""",
        ];
        return new FuzzTarget("http-body", [.. seeds.Select(Encoding.UTF8.GetBytes)], Decode, typeof(JsonException), typeof(TidegateException))
        {
            MaxBytes = 4096,
            FixedBytes = 1 << 20,
            BytesPerByte = 1024,
            Words = ["null"u8.ToArray(), "[null]"u8.ToArray(), "{}"u8.ToArray(), "-1"u8.ToArray(), "1e999"u8.ToArray(), "9223372036854775808"u8.ToArray(), "\"\\ud800\""u8.ToArray(), [.. Enumerable.Repeat((byte)'[', 64)]],
        };
    }

    /// <summary>Begin, poll and ask for a certificate, as the agent's JSON, up to what the session's machine says.</summary>
    public static FuzzTarget Activation()
    {
        using var pair = Pair();
        var publicKey = pair.ExportSubjectPublicKeyInfo();
        var (key, session) = (ActivationKeyText.Format(new byte[16]), ActivationKeyText.SessionIdOfTyped(ActivationKeyText.Format(new byte[16]))!);
        var state = ActivationMachine.Begin(new ActivationState(), publicKey, Metadata, Now).Next!;
        var begin = new ActivationSessionRequest(publicKey, Metadata, pair.SignData(publicKey, HashAlgorithmName.SHA256));
        var poll = new ActivationPollRequest(session, pair.SignData(Encoding.ASCII.GetBytes("tidegate-poll:" + session), HashAlgorithmName.SHA256));
        var certificate = new ActivationCertificateRequest(session, key, Request(pair));
        return new FuzzTarget(
            "activation-message",
            [
                JsonSerializer.SerializeToUtf8Bytes(begin, ActivationJson.Default.ActivationSessionRequest), JsonSerializer.SerializeToUtf8Bytes(poll, ActivationJson.Default.ActivationPollRequest),
                JsonSerializer.SerializeToUtf8Bytes(certificate, ActivationJson.Default.ActivationCertificateRequest),
            ],
            bytes =>
            {
                Each(
                    () => Begin(JsonSerializer.Deserialize<ActivationSessionRequest>(bytes, Json)),
                    () => _ = JsonSerializer.Deserialize<ActivationPollRequest>(bytes, Json) is { } asked ? ActivationMachine.Poll(state, asked.SessionId, asked.Signature ?? [], Now) : null,
                    () => _ = JsonSerializer.Deserialize<ActivationCertificateRequest>(bytes, Json) is { } asked ? ActivationMachine.RequireIssuable(state, asked.SessionId, asked.ActivationKey?.Reveal() ?? "", Now) : null);
            },
            typeof(JsonException), typeof(TidegateException))
        {
            MaxBytes = 4096,
            FixedBytes = 1 << 20,
            BytesPerByte = 1024,
            Words = ["null"u8.ToArray(), "[null]"u8.ToArray(), "\"\""u8.ToArray(), "\"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQc=\""u8.ToArray()],
        };
    }

    /// <summary>The certificate request itself, in DER: parsed and verified before a certificate is made.</summary>
    public static FuzzTarget CertificateRequest()
    {
        using var pair = Pair();
        var publicKey = pair.ExportSubjectPublicKeyInfo();
        return new FuzzTarget("certificate-request", [Request(pair)], bytes => CertificateAuthority.ReadRequestedKey(bytes, publicKey), typeof(TidegateException))
        {
            MaxBytes = 4096,
            FixedBytes = 1 << 20,
            BytesPerByte = 1024,
            Words = [[0x30, 0x80], [0x30, 0x84, 0x7F, 0xFF, 0xFF, 0xFF], [0x06, 0x00], [0x03, 0x01, 0x00]],
        };
    }

    /// <summary>One key for all runs: a mutation that is found is found again.</summary>
    private static ECDsa Pair() =>
        ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = [.. Enumerable.Range(1, 32).Select(static number => (byte)number)] });

    private static GatewayMetadata Metadata { get; } = new("host", "linux", "box", "1.0.0", ["192.0.2.1"]);

    private static byte[] Request(ECDsa pair) => new CertificateRequest("CN=any", pair, HashAlgorithmName.SHA256).CreateSigningRequest();

    private static void Begin(ActivationSessionRequest? asked)
    {
        if (asked is null) return;
        AgentActivationRoutes.RequirePossession(asked.PublicKey, asked.PublicKey, asked.Signature);
        ActivationMachine.Begin(new ActivationState(), asked.PublicKey, asked.Metadata, Now);
    }

    private static void Decode(byte[] bytes) => Each([.. Requests.Select(type => (Action)(() => Read(bytes, type)))]);

    private static void Read(byte[] bytes, Type type)
    {
        switch (JsonSerializer.Deserialize(bytes, type, Json))
        {
            case BandwidthView view: BandwidthViews.Of(view); break;
            case RetentionView view: Views.Of(view); break;
            case ActivationClaimRequest claim: _ = ActivationKeyText.SessionIdOfTyped(claim.ActivationKey.Reveal()); ActivationRoutes.RequireZone(claim.TimeZone); break;
            case ActivationPreviewRequest preview: _ = ActivationKeyText.SessionIdOfTyped(preview.ActivationKey.Reveal()); break;
            default: break;
        }
    }

    /// <summary>Each in turn; a refusal of one is its promise kept, and when none took it the last is the outcome.</summary>
    private static void Each(params Action[] readings)
    {
        var (taken, refusal) = (false, (Exception?)null);
        foreach (var reading in readings)
        {
            try
            {
                reading();
                taken = true;
            }
            catch (Exception told) when (told is JsonException or TidegateException)
            {
                refusal = told;
            }
        }

        if (!taken && refusal is not null) throw refusal;
    }

    private static JsonSerializerOptions MakeOptions()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        ApiJson.Configure(options);
        return options;
    }
}
