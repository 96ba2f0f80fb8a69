using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Cli.Profiles;

/// <summary>Where the API is and who calls.</summary>
/// <param name="ApiUrl">Address of the API.</param>
/// <param name="ApiKey">The API key.</param>
/// <param name="AccountId">The account that the key is of; empty for an operator's.</param>
/// <param name="AccountName">Its name.</param>
/// <param name="KeyId">Id of the key.</param>
/// <param name="CaFile">PEM file of the CA to trust; null for the system's.</param>
internal sealed record Profile(string ApiUrl, Secret ApiKey, string AccountId, string AccountName, string KeyId, string? CaFile = null);
