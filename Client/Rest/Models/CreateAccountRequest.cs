namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>POST /v1/accounts</c>; operators only.</summary>
/// <param name="Name">For people; 1 to 128 characters.</param>
public sealed record CreateAccountRequest(string Name);
