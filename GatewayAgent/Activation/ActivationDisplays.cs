namespace Tidegate.GatewayAgent.Activation;

/// <summary>Shows an activation in several places.</summary>
internal sealed class ActivationDisplays(params IReadOnlyList<IActivationDisplay> displays) : IActivationDisplay
{
    public void ShowKey(AdvertisedKey key)
    {
        foreach (var display in displays) display.ShowKey(key);
    }

    public void HideKey()
    {
        foreach (var display in displays) display.HideKey();
    }

    public void ShowTrouble(string message)
    {
        foreach (var display in displays) display.ShowTrouble(message);
    }
}
