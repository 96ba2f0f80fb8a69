using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.GatewayAgent.Identity;

/// <summary>
/// Which credential the agent presents: the one in use, or the renewed one that is stored and waits for its first link (<c>docs/protocols/link.md</c>, Certificates).
/// Thread-safe. Credentials stay good for connections that stand; all are freed with this.
/// </summary>
internal sealed class CredentialKeeper : IDisposable
{
    private readonly Lock _gate = new();
    private readonly IdentityStore _store;
    private readonly List<GatewayCredential> _all;
    private GatewayCredential _inUse;
    private GatewayCredential? _renewed;
    private X509Certificate2Collection _authorities;
    private TaskCompletionSource _changed = NewSignal();

    public CredentialKeeper(IdentityStore store, GatewayCredential inUse)
    {
        (_store, _inUse, _renewed) = (store, inUse, store.ReadRenewed());
        _authorities = inUse.Authorities;
        _all = _renewed is null ? [inUse] : [inUse, _renewed];
    }

    /// <summary>The credential that the newest link was opened with; at first the one that was stored as such.</summary>
    public GatewayCredential InUse
    {
        get
        {
            lock (_gate) return _inUse;
        }
    }

    /// <summary>What the next connection presents.</summary>
    public GatewayCredential ForNextLink
    {
        get
        {
            lock (_gate) return _renewed ?? _inUse;
        }
    }

    /// <summary>The service's CAs: what is trusted there, and nothing else is.</summary>
    public X509Certificate2Collection Authorities
    {
        get
        {
            lock (_gate) return _authorities;
        }
    }

    /// <summary>Completes when one of the above has changed after this was asked for.</summary>
    public Task WhenChanged
    {
        get
        {
            lock (_gate) return _changed.Task;
        }
    }

    /// <summary>The key that the next certificate is asked for with, durable already.</summary>
    public ECDsa LoadOrCreateRenewalKey() => _store.LoadOrCreateRenewalKey();

    /// <summary>Stores a renewal's certificate, durably; the next link is opened with it.</summary>
    public void Store(string certificatePem) => Change(() => _all.Add(_renewed = _store.SaveRenewed(certificatePem)));

    /// <summary>
    /// Stores the service's CAs, durably, as those that are trusted from now on; returns their thumbprints (SHA-256, lower-case hexadecimal). Throws
    /// <see cref="IdentityException"/> for anything that is not certificates of CAs, and then changes nothing.
    /// </summary>
    public string[] Trust(string authoritiesPem)
    {
        var authorities = IdentityStore.ParseAuthorities(authoritiesPem);
        lock (_gate)
        {
            if (!authorities.Select(ThumbprintOf).ToHashSet().SetEquals(_authorities.Select(ThumbprintOf)))
                Change(() =>
                {
                    _store.SaveAuthorities(authoritiesPem);
                    _authorities = authorities;
                });
            return [.. _authorities.Select(ThumbprintOf)];
        }
    }

    /// <summary>A link is open with the credential. The first one with a renewed credential makes it the one in use.</summary>
    public void Accepted(GatewayCredential credential) => Change(() =>
    {
        if (!ReferenceEquals(credential, _renewed)) return;
        _store.KeepRenewed();
        (_inUse, _renewed) = (credential, null);
    });

    /// <summary>The service does not take the credential. A renewed one is given up; the one in use is all that there is, and stays.</summary>
    public void Refused(GatewayCredential credential) => Change(() =>
    {
        if (!ReferenceEquals(credential, _renewed)) return;
        _store.DropRenewed();
        _renewed = null;
    });

    public void Dispose()
    {
        foreach (var credential in _all) credential.Dispose();
    }

    private void Change(Action change)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            change();
            (changed, _changed) = (_changed, NewSignal());
        }

        changed.SetResult();
    }

    private static string ThumbprintOf(X509Certificate2 certificate) => Convert.ToHexStringLower(certificate.GetCertHash(HashAlgorithmName.SHA256));

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
