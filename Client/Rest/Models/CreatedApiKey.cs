using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Rest.Models;

/// <summary>A fresh API key; its secret is readable in this answer and never again.</summary>
/// <param name="KeyId">The key's id, by which it is revoked and named in the audit log.</param>
/// <param name="ApiKey">The secret: <c>tgk_&lt;20 hexadecimal digits&gt;_&lt;43 base64url characters&gt;</c>.</param>
public sealed record CreatedApiKey(string KeyId, Secret ApiKey);
