using Microsoft.Extensions.DependencyInjection.Extensions;
using Tidegate.Grains.Security;

namespace Tidegate.Silo.Pki;

/// <summary>Adds the private CA to the host.</summary>
public static class PkiRegistration
{
    /// <summary>
    /// Registers the CAs of <paramref name="store"/> as <see cref="CaStore"/>, <see cref="CertificateAuthority"/> and <see cref="ICertificateAuthority"/>, and returns
    /// the authority, because listeners need certificates before the container is built. <paramref name="changeSpread"/>: see <see cref="ICertificateAuthority.ChangeSpread"/>.
    /// </summary>
    public static CertificateAuthority AddTidegatePki(this IServiceCollection services, CaStore store, TimeProvider time, TimeSpan? changeSpread = null)
    {
        var authority = new CertificateAuthority(store, time) { ChangeSpread = changeSpread ?? TimeSpan.FromMinutes(5) };
        services.TryAddSingleton(_ => store);
        services.TryAddSingleton(authority);
        services.TryAddSingleton<ICertificateAuthority>(authority);
        services.AddHostedService<CaWatch>();
        return authority;
    }
}
