using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Tidegate.Grains.Gateways.Holders;
using Tidegate.Silo.Hosting;
using Tidegate.Silo.Pki;

namespace Tidegate.Silo.Link;

/// <summary>Puts the guard in front of Orleans and the filter before every grain (<c>docs/protocols/link.md</c>).</summary>
public static class LinkRegistration
{
    private const int TokenKeyBytes = 32;

    /// <summary>
    /// Guards the gateway port: mutual TLS, frame guard, call filter, tokens, re-checks of live links. Needs the CA
    /// (<see cref="PkiRegistration.AddTidegatePki"/>) and the gateway grains.
    /// </summary>
    public static ISiloBuilder AddTidegateLink(this ISiloBuilder silo, LinkSettings settings)
    {
        ArgumentNullException.ThrowIfNull(silo);
        var services = silo.Services;
        if (services.Any(static service => service.ServiceType == typeof(LinkSettings)))
            throw new InvalidOperationException("The link is guarded already: a second guard would wait for TLS inside TLS.");
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(settings);
        services.AddSingleton(static provider => new LinkTokenService(
            provider.GetRequiredService<ICaKeyProvider>().GetSecret("link-token", TokenKeyBytes), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(static provider =>
        {
            var settings = provider.GetRequiredService<LinkSettings>();
            return new LinkServerCertificate(provider.GetRequiredService<CertificateAuthority>(), [.. settings.CertificateNames, settings.EffectiveServerName]);
        });
        services.AddSingleton<RevokedCertificates>();
        services.AddSingleton<IRevokedCertificates>(static provider => provider.GetRequiredService<RevokedCertificates>());
        services.AddSingleton<LinkConnections>().AddSingleton<PreambleReader>().AddSingleton<OpenGrainTypes>();
        services.AddSingleton<FrameGuard>().AddSingleton<GuardedPort>();
        services.TryAddSingleton<ServiceAddresses>();
        services.AddSingleton<ILinkSockets, LinkSockets>().AddSingleton<LinkOffers>();
        services.AddHostedService<LinkRecheck>().AddHostedService<ServingSiloWatch>();
        silo.AddIncomingGrainCallFilter<LinkCallFilter>();
        silo.Configure<SiloConnectionOptions>(static options => options.ConfigureGatewayInboundConnection(GuardedPort.Install));
        return silo;
    }
}
