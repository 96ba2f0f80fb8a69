using System.Text;
using Tidegate.Grains.Accounts;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Security;
using Tidegate.Silo.Pki;

namespace Tidegate.Silo.Hosting;

/// <summary>The operator's first API key, made on first start into a file that its owner alone may read.</summary>
internal sealed partial class OperatorKey(IGrainFactory grains, ILogger<OperatorKey> logger)
{
    /// <summary>File name in the state directory.</summary>
    public const string FileName = "operator.key";

    /// <summary>Makes the key unless the file exists. A crash between key and file leaves a key that nobody knows, and makes another.</summary>
    public async Task EnsureAsync(string path)
    {
        ServiceCaller.Act();
        if (!File.Exists(path))
        {
            var keyId = ResourceId.New(ResourceKind.ApiKey);
            var secret = await grains.GetGrain<IApiKeyGrain>(keyId).Create("", new ApiKeyTerms("operator, made on first start", Role.Operator, null, []));
            SecretFile.ReadOrCreate(path, () => Encoding.ASCII.GetBytes(ApiKeyText.Format(keyId, secret) + "\n"));
            LogMade(keyId, path);
            return;
        }

        var text = Encoding.ASCII.GetString(SecretFile.ReadOrCreate(path, () => [])).Trim();
        if (!ApiKeyText.TryParse(text, out var known, out var knownSecret) || await grains.GetGrain<IApiKeyGrain>(known).Authenticate(knownSecret) is null)
            LogStale(path);
    }

    [LoggerMessage(1301, LogLevel.Information, "Made the operator's API key {KeyId}; its secret is in {Path}")]
    private partial void LogMade(string keyId, string path);

    [LoggerMessage(1302, LogLevel.Warning, "The API key in {Path} is not accepted (revoked, or of another database); delete the file and restart for a new one")]
    private partial void LogStale(string path);
}
