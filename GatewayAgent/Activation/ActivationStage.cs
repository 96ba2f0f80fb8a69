namespace Tidegate.GatewayAgent.Activation;

/// <summary>How far an activation has come, as far as it has to survive a crash (M4.2).</summary>
internal enum ActivationStage
{
    /// <summary>Steps 1 and 2: there is no session yet.</summary>
    Unopened = 0,
    /// <summary>Steps 3 to 7: the key is shown, the agent polls.</summary>
    Advertising = 1,
    /// <summary>Steps 8 and 9: claimed; the certificate is being asked for.</summary>
    Claimed = 2,
    /// <summary>Steps 10 and 11: the certificate is stored.</summary>
    Activated = 3,
}
