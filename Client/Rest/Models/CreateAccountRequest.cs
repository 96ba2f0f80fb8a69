namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>POST /v1/accounts</c>; operators only.</summary>
/// <param name="Name">1 to 63 of letters, digits, <c>-</c>, <c>_</c>, <c>.</c>; need not be unique.</param>
public sealed record CreateAccountRequest(string Name);
