namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Base of the outcomes of management requests.</summary>
[GenerateSerializer, Alias("tidegate.request-result")]
public abstract record RequestResult;
