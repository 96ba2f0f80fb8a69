namespace Tidegate.GatewayAgent.Identity;

/// <summary>Where a gateway's certificate is renewed.</summary>
internal interface ICertificateService
{
    /// <summary>
    /// Asks for the successor of <paramref name="credential"/>'s certificate, proving that its key is held; the request is PKCS#10, DER. Returns it as PEM. Every
    /// failure is a <c>TidegateException</c>; repeating it with the same key gets the same certificate.
    /// </summary>
    Task<string> RenewAsync(GatewayCredential credential, byte[] certificateRequest, CancellationToken cancellationToken);
}
