namespace Tidegate.GatewayAgent.Activation;

/// <summary>Where an activation shows itself: terminal, local page, ready file.</summary>
internal interface IActivationDisplay
{
    /// <summary>Shows the key; repeated calls with the same key change nothing.</summary>
    void ShowKey(AdvertisedKey key);
    /// <summary>Shows none any more.</summary>
    void HideKey();
    /// <summary>Why the activation does not get on.</summary>
    void ShowTrouble(string message);
}
