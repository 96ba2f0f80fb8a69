namespace Tidegate.Grains.Accounts;

/// <summary>A password as it is stored: PBKDF2 with HMAC-SHA512.</summary>
/// <param name="Salt">16 random bytes.</param>
/// <param name="Rounds">Rounds, by which it was computed.</param>
/// <param name="Hash">32 bytes.</param>
[GenerateSerializer, Alias("tidegate.state.password-hash")]
internal sealed record PasswordHash([property: Id(0)] byte[] Salt, [property: Id(1)] int Rounds, [property: Id(2)] byte[] Hash);
