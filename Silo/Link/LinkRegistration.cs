using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Orleans.Providers;
using Tidegate.Grains.Gateways.Holders;
using Tidegate.Grains.Security;
using Tidegate.Silo.Api;
using Tidegate.Silo.Hosting;
using Tidegate.Silo.Options;
using Tidegate.Silo.Pki;

namespace Tidegate.Silo.Link;

/// <summary>Puts the guard in front of Orleans and the filter before every grain (<c>docs/protocols/link.md</c>).</summary>
public static class LinkRegistration
{
    private const int TokenKeyBytes = 32;

    /// <summary>
    /// Guards the gateway port: mutual TLS, frame guard, call filter, tokens, revocations; and puts mutual TLS under the silo port. Needs the CA
    /// (<see cref="PkiRegistration.AddTidegatePki"/>), the state store and the gateway grains.
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
            provider.GetRequiredService<CaStore>().GetSecret("link-token", TokenKeyBytes), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(static provider =>
        {
            var settings = provider.GetRequiredService<LinkSettings>();
            var authority = provider.GetRequiredService<CertificateAuthority>();
            return new ServerCertificate(
                authority, provider.GetRequiredService<TimeProvider>(), () => authority.IssueServerCertificate([.. settings.CertificateNames, settings.EffectiveServerName]));
        });
        services.AddSingleton(static provider => new RevocationTable(
            provider.GetKeyedService<TimeProvider>(RevocationTable.ClockKey) ?? provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IRevokedCertificates>(static provider => provider.GetRequiredService<RevocationTable>());
        services.TryAddSingleton<IRevocationStore, SqlRevocationStore>();
        services.AddSingleton<ICertificateRevocations, CertificateRevocations>().AddSingleton<EnumerationOwners>().AddSingleton<RevocationWatch>();
        services.AddKeyedSingleton<IControllable>(RevocationWatch.Name, static (provider, _) => provider.GetRequiredService<RevocationWatch>());
        services.AddSingleton<LinkConnections>().AddSingleton<PreambleReader>().AddSingleton<OpenGrainTypes>().AddSingleton<BodySchemas>();
        services.AddSingleton<BreachAudit>().AddHostedService(static provider => provider.GetRequiredService<BreachAudit>());
        services.TryAddSingleton(LinkContracts.Own);
        services.TryAddSingleton(new LinkJudges());
        services.AddSingleton<CallLimits>();
        services.AddSingleton<FrameGuard>().AddSingleton<GuardedPort>().AddSingleton<SiloPortTls>();
        services.TryAddSingleton<ServiceAddresses>();
        services.TryAddSingleton<ApiOptions>();
        services.TryAddSingleton<RequestLimits>();
        services.AddSingleton<DeveloperCertificates>();
        services.AddSingleton<ILinkSockets, LinkSockets>().AddSingleton<LinkOffers>().AddSingleton<AgentIdentities>();
        services.AddHostedService(static provider => provider.GetRequiredService<RevocationWatch>()).AddHostedService<ServingSiloWatch>().AddHostedService<LinkDrain>();
        silo.AddIncomingGrainCallFilter<LinkCallFilter>();
        // A guard that does not fit this version of Orleans keeps the silo from starting, not the first agent from connecting.
        silo.AddStartupTask(static (provider, _) => Task.FromResult(provider.GetRequiredService<GuardedPort>()), ServiceLifecycleStage.RuntimeInitialize);
        silo.Configure<SiloConnectionOptions>(static options =>
        {
            options.ConfigureGatewayInboundConnection(GuardedPort.Install);
            options.ConfigureSiloInboundConnection(SiloPortTls.InstallInbound);
            options.ConfigureSiloOutboundConnection(SiloPortTls.InstallOutbound);
        });
        return silo;
    }
}
