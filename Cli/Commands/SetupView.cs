using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Cli.Commands;

/// <summary>What <c>setup</c> made. The key is in the JSON alone, for scripts; people find it in no output.</summary>
internal sealed record SetupView(string AccountId, string Name, string KeyId, Secret ApiKey, string ApiUrl, string? CaFile, string Profile, string File);
