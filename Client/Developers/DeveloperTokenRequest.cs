namespace Tidegate.Client.Developers;

/// <summary>Body of <c>POST /v1/link/tokens</c>; the API key says who asks.</summary>
/// <param name="CertificatePem">The certificate that the connection is, or will be, made with: one that this API key was given.</param>
/// <param name="ClientId">The client id of its key pair.</param>
/// <param name="WireVersion">Version of the link's wire layout.</param>
/// <param name="ClientVersion">Semantic version of the client library.</param>
public sealed record DeveloperTokenRequest(string CertificatePem, string ClientId, int WireVersion, string ClientVersion);
