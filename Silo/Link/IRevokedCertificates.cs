using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Silo.Link;

/// <summary>Which certificates are revoked, as this silo knows it (M3.8, I9).</summary>
public interface IRevokedCertificates
{
    /// <summary>True when calls with this certificate, or for this API key, are refused from now on: a thumbprint or a key's id.</summary>
    bool IsRevoked(string thumbprint);

    /// <summary>True when the certificate, or the API key that it was issued for, is revoked.</summary>
    bool IsRevoked(LinkIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return IsRevoked(identity.Thumbprint) || (identity.Kind == LinkClientKind.Developer && IsRevoked(identity.SubjectId));
    }

    /// <summary>True when the token's certificate is revoked, or the API key that it stands for.</summary>
    bool IsRevoked(LinkToken token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return IsRevoked(token.Thumbprint) || (LinkClientKind.Developer.MayBe(token.Caller.Role) && IsRevoked(token.Caller.ActorId));
    }

    /// <summary>False while this silo's copy is older than four seconds: it may lack a revocation that is in force.</summary>
    bool IsCurrent { get; }

    /// <summary>Throws <c>Unavailable</c> unless <see cref="IsCurrent"/>.</summary>
    void RequireCurrent()
    {
        if (!IsCurrent)
        {
            throw new TidegateException(
                ErrorCodes.Unavailable, "This silo cannot tell which certificates are revoked, because the state store has not answered it for over four seconds.",
                "Try again, here or at another silo; an operator should look at the state store.");
        }
    }
}
