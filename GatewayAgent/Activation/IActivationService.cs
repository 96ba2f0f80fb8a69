using Tidegate.Client.Grain.Agents;

namespace Tidegate.GatewayAgent.Activation;

/// <summary>The service's activation endpoints. Every failure is a <c>TidegateException</c>.</summary>
internal interface IActivationService
{
    Task<ActivationSessionReply> OpenSessionAsync(ActivationSessionRequest request, CancellationToken cancellationToken);
    Task<ActivationPollReply> PollAsync(ActivationPollRequest request, CancellationToken cancellationToken);
    Task<ActivationCertificateReply> RequestCertificateAsync(ActivationCertificateRequest request, CancellationToken cancellationToken);
}
