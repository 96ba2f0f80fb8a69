using Tidegate.GatewayAgent.Activation;

namespace Tidegate.Tests.Unit.Agent.Activation;

/// <summary>What an activation showed, in order.</summary>
internal sealed class RecordingDisplay : IActivationDisplay
{
    public List<string> Shown { get; } = [];

    public string? Now { get; private set; }

    public void ShowKey(AdvertisedKey key)
    {
        if (Now != key.ActivationKey) Shown.Add(key.ActivationKey);
        Now = key.ActivationKey;
    }

    public void HideKey() => Now = null;

    public void ShowTrouble(string message) => Shown.Add("trouble: " + message);
}
