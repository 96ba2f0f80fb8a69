namespace Tidegate.GatewayAgent.Activation;

/// <summary>What an activation has to do next.</summary>
internal enum ActivationAction
{
    /// <summary>Steps 1-3: send public key and metadata.</summary>
    OpenSession,
    /// <summary>Steps 4 and 8: ask whether it was claimed.</summary>
    Poll,
    /// <summary>Steps 9 and 10: send the certificate request.</summary>
    RequestCertificate,
    /// <summary>Step 11: nothing; the agent is activated.</summary>
    Finish,
}
