using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Tidegate.Grains.Accounts;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Options;

namespace Tidegate.Silo.Api;

/// <summary>
/// Whom an API key stands for. Right keys are remembered by their hash for a few seconds, so that a busy client costs its
/// key's grain one call; wrong ones are asked about every time, under the refusal limit.
/// </summary>
internal sealed class ApiKeyCache(IGrainFactory grains, ApiOptions options, TimeProvider time)
{
    private const int MaxEntries = 10_000;

    private readonly ConcurrentDictionary<string, (Caller Caller, long At)> _known = [];
    private readonly TimeSpan _lifetime = TimeSpan.FromSeconds(options.KeyCacheSeconds);

    /// <summary>The caller, or null for a key that is malformed, unknown, wrong, expired or revoked: never told apart.</summary>
    public async Task<Caller?> AuthenticateAsync(string text)
    {
        if (!ApiKeyText.TryParse(text, out var keyId, out var secret)) return null;
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes(text)));
        if (_known.TryGetValue(hash, out var known))
        {
            if (time.GetElapsedTime(known.At) < _lifetime) return known.Caller;
            _known.TryRemove(hash, out _);
        }

        var caller = await grains.GetGrain<IApiKeyGrain>(keyId).Authenticate(secret);
        if (caller is null) return null;
        if (_known.Count >= MaxEntries) _known.Clear();
        _known[hash] = (caller, time.GetTimestamp());
        return caller;
    }

    /// <summary>Forgets a key that was revoked through this silo.</summary>
    public void Forget(string keyId)
    {
        foreach (var (hash, known) in _known)
        {
            if (known.Caller.ActorId == keyId) _known.TryRemove(hash, out _);
        }
    }
}
