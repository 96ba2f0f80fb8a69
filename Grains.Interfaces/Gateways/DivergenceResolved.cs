namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>The volume is served again.</summary>
/// <param name="PutAside">Names of the files in the volume's directory that hold the copy that was given up; empty when none was.</param>
[GenerateSerializer, Immutable, Alias("tidegate.divergence-resolved")]
public sealed record DivergenceResolved([property: Id(0)] IReadOnlyList<string> PutAside) : RequestResult;
