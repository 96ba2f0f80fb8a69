using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>POST /v1/volumes/{id}/divergence-resolutions</c>.</summary>
/// <param name="Keep">The copy that goes on.</param>
public sealed record ResolveDivergenceBody(DivergenceChoice Keep);
