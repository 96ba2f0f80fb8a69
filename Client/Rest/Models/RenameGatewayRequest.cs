namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>PATCH /v1/gateways/{id}</c>.</summary>
/// <param name="Name">The new name, unique within the account (M3.7).</param>
public sealed record RenameGatewayRequest(string Name);
