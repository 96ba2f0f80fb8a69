namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Base of everything the gateway grain sends on the open link.</summary>
[GenerateSerializer, Alias("tidegate.link-frame")]
public abstract record LinkFrame;
