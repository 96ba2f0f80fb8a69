using System.Text;

namespace Tidegate.Cli.Profiles;

/// <summary>Where the API is and who calls. Prints without the key.</summary>
/// <param name="ApiUrl">Address of the API.</param>
/// <param name="ApiKey">The API key.</param>
/// <param name="AccountId">The account that the key is of; empty for an operator's.</param>
/// <param name="AccountName">Its name.</param>
/// <param name="KeyId">Id of the key.</param>
/// <param name="CaFile">PEM file of the CA to trust; null for the system's.</param>
internal sealed record Profile(string ApiUrl, string ApiKey, string AccountId, string AccountName, string KeyId, string? CaFile = null)
{
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("ApiUrl = ").Append(ApiUrl).Append(", AccountId = ").Append(AccountId).Append(", KeyId = ").Append(KeyId);
        return true;
    }
}
