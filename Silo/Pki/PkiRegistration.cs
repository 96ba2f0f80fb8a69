using Microsoft.Extensions.DependencyInjection.Extensions;
using Tidegate.Grains.Security;

namespace Tidegate.Silo.Pki;

/// <summary>Adds the private CA to the host.</summary>
public static class PkiRegistration
{
    /// <summary>
    /// Registers the CA of <paramref name="stateDirectory"/> (made on first start) as <see cref="ICaKeyProvider"/>,
    /// <see cref="CertificateAuthority"/> and <see cref="ICertificateAuthority"/>, and returns it, because listeners need
    /// certificates before the container is built.
    /// </summary>
    public static CertificateAuthority AddTidegatePki(this IServiceCollection services, string stateDirectory, TimeProvider time)
    {
        var keys = new FileCaKeyProvider(stateDirectory, time);
        var authority = new CertificateAuthority(keys, time);
        services.TryAddSingleton<ICaKeyProvider>(_ => keys);
        services.TryAddSingleton(authority);
        services.TryAddSingleton<ICertificateAuthority>(authority);
        return authority;
    }
}
