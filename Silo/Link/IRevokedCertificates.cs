using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Silo.Link;

/// <summary>Which certificates are revoked, as this silo knows it (M3.8, I9).</summary>
public interface IRevokedCertificates
{
    /// <summary>True when calls with this certificate are refused from now on.</summary>
    bool IsRevoked(string thumbprint);

    /// <summary>False while this silo's copy is older than four seconds: it may lack a revocation that is in force.</summary>
    bool IsCurrent { get; }

    /// <summary>Throws <c>Unavailable</c> unless <see cref="IsCurrent"/>.</summary>
    void RequireCurrent()
    {
        if (!IsCurrent)
        {
            throw new TidegateException(
                ErrorCodes.Unavailable, "This silo cannot tell which gateway certificates are revoked, because the state store has not answered it for over four seconds.",
                "Try again, here or at another silo; an operator should look at the state store.");
        }
    }
}
