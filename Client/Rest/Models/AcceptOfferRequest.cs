namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>POST /v1/offers/{id}/accept</c>.</summary>
/// <param name="Description">The accepting customer's words for the new snapshot; at most 128 characters.</param>
public sealed record AcceptOfferRequest(string Description = "");
