using System.Security.Cryptography;
using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Activation;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Hosting;

namespace Tidegate.Silo.Api;

/// <summary>The agent's half of activation (<c>docs/protocols/activation.md</c>; mission 4, steps 2, 3, 8 to 10). No credential: the session's key pair speaks for itself.</summary>
internal static class AgentActivationRoutes
{
    private const int MaxPublicKeyBytes = 256;

    public static void MapAgentActivation(this IEndpointRouteBuilder routes)
    {
        var activation = routes.MapGroup("/agent/v1/activation").ExcludeFromDescription();
        activation.MapPost("/sessions", async (HttpContext context, ActivationSessionRequest request, IGrainFactory grains, RequestLimits limits, ServiceAddresses addresses) =>
        {
            limits.CountActivation(Address(context));
            RequirePossession(request.PublicKey, request.PublicKey, request.Signature);
            var key = ActivationKeyText.New();
            var sessionId = ActivationKeyText.SessionIdOfTyped(key)!;
            var started = await grains.GetGrain<IActivationSessionGrain>(sessionId).Begin(request.PublicKey, request.Metadata);
            return TypedResults.Json(
                new ActivationSessionReply(key, sessionId, started.AdvertiseUntil, started.PollInterval.TotalSeconds)
                {
                    ConsoleUrl = addresses.ConsoleUrl is { } console ? new Uri($"{console}/activate") : null,
                },
                ActivationJson.Default.ActivationSessionReply);
        });
        activation.MapPost("/poll", async (HttpContext context, ActivationPollRequest request, IGrainFactory grains, RequestLimits limits) =>
        {
            limits.CountPoll(Address(context));
            var claim = await Session(grains, request.SessionId).Poll(request.Signature ?? []);
            return TypedResults.Json(
                new ActivationPollReply(claim is null ? ActivationPollState.Pending : ActivationPollState.Claimed, claim), ActivationJson.Default.ActivationPollReply);
        });
        activation.MapPost("/certificate", async (HttpContext context, ActivationCertificateRequest request, IGrainFactory grains, RequestLimits limits) =>
        {
            limits.CountActivation(Address(context));
            var issued = await Session(grains, request.SessionId).Issue(request.CertificateRequest ?? [], request.ActivationKey?.Reveal() ?? "");
            return TypedResults.Json(
                new ActivationCertificateReply(issued.CertificatePem, issued.CaPem, issued.ExpiresAt), ActivationJson.Default.ActivationCertificateReply);
        });
    }

    private static string Address(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "";

    private static IActivationSessionGrain Session(IGrainFactory grains, string? sessionId) =>
        sessionId is { Length: 64 } && sessionId.AsSpan().IndexOfAnyExcept("0123456789abcdef") < 0
            ? grains.GetGrain<IActivationSessionGrain>(sessionId)
            : throw new TidegateException(ErrorCodes.ActivationKeyNotFound, "The session does not exist.", "Start a new activation.");

    /// <summary>A session is opened only for a P-256 key whose private half signed the request (M4.3).</summary>
    internal static void RequirePossession(byte[]? publicKey, byte[]? message, byte[]? signature)
    {
        try
        {
            using var key = ECDsa.Create();
            if (publicKey is { Length: > 0 and <= MaxPublicKeyBytes } && signature is not null)
            {
                key.ImportSubjectPublicKeyInfo(publicKey, out var read);
                if (read == publicKey.Length && key.KeySize == 256 && key.VerifyData(message!, signature, HashAlgorithmName.SHA256)) return;
            }
        }
        catch (Exception wrong) when (wrong is CryptographicException or NotSupportedException)
        {
            // The same answer as for a wrong signature.
        }

        throw new TidegateException(ErrorCodes.InvalidArgument, "The public key is not an ECDSA P-256 key, or the request is not signed with it.", "Make a fresh key pair and start again.");
    }
}
