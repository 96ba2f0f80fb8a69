namespace Tidegate.Cli.Profiles;

/// <summary>A profile as it is shown: all but the key.</summary>
internal sealed record ProfileView(string Profile, string File, string ApiUrl, string? CaFile, string AccountId, string AccountName, string KeyId);
