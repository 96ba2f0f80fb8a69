using Spectre.Console;
using Tidegate.GatewayAgent.Activation;

namespace Tidegate.GatewayAgent.Commands;

/// <summary>Shows the activation key on the terminal (mission 4, step 4), once a key; plain lines when it is no terminal.</summary>
internal sealed class ActivationTerminal(IAnsiConsole console) : IActivationDisplay
{
    private string _shown = "";
    private string _trouble = "";

    /// <summary>The local page, once there is one.</summary>
    public string? LocalUrl { get; set; }

    public void ShowKey(AdvertisedKey key)
    {
        if (key.ActivationKey == _shown) return;
        (_shown, _trouble) = (key.ActivationKey, "");
        var command = $"tidegate gateways activate {key.ActivationKey} --name NAME";
        if (!console.Profile.Capabilities.Interactive)
        {
            console.WriteLine($"Activation key: {key.ActivationKey} (until {key.Until:u})");
            console.WriteLine($"Fingerprint: {key.KeyFingerprint}");
            console.WriteLine($"Activate with: {command}");
            return;
        }
        var grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn();
        grid.AddRow("Key", $"[bold]{key.ActivationKey.EscapeMarkup()}[/]");
        grid.AddRow("Until", $"{key.Until.ToLocalTime():t}");
        grid.AddRow("Fingerprint", key.KeyFingerprint.EscapeMarkup());
        grid.AddRow("Activate with", command.EscapeMarkup());
        if (LocalUrl is { } url) grid.AddRow("or open", url.EscapeMarkup());
        console.Write(new Panel(grid) { Header = new PanelHeader(" Activate this gateway "), Border = BoxBorder.Rounded, Padding = new Padding(2, 1) });
    }

    public void HideKey()
    {
        if (_shown.Length == 0) return;
        _shown = "";
        console.WriteLine("The activation key is no longer shown.");
    }

    public void ShowTrouble(string message)
    {
        if (message == _trouble) return;
        _trouble = message;
        console.WriteLine($"Activation waits: {message}");
    }
}
