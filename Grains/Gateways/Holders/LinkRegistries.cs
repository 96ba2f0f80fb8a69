using Microsoft.Extensions.Logging;
using Orleans.Runtime.Services;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Gateways.Holders;

/// <summary>Calls the registries of the silos that membership holds for active now.</summary>
internal sealed partial class LinkRegistries(
    IServiceProvider services, ISiloStatusOracle membership, ILogger<LinkRegistries> log) : GrainServiceClient<ILinkRegistry>(services), ILinkRegistries
{
    /// <inheritdoc />
    public async Task<LinkHolding?> FindAsync(SiloAddress silo, string gatewayId, string clientId)
    {
        if (membership.GetApproximateSiloStatus(silo) != SiloStatus.Active) return null;
        try
        {
            return await GetGrainService(silo).Find(gatewayId, clientId, membership.SiloAddress);
        }
        catch (Exception failure) when (IsUnreachable(failure))
        {
            LogUnreachable(log, silo, failure.Message);
            return null;
        }
    }

    /// <inheritdoc />
    public async Task<LinkHolding?> FindAnywhereAsync(string gatewayId, string clientId)
    {
        await foreach (var asked in Task.WhenEach(membership.GetActiveSilos().Select(silo => FindAsync(silo, gatewayId, clientId))))
        {
            // A connection has one owner: whoever says yes settles it.
            if (await asked is { } holding) return holding;
        }

        return null;
    }

    /// <inheritdoc />
    public async Task<DeliverReply?> DeliverAsync(SiloAddress silo, string gatewayId, string clientId, IGatewayObserver observer, GatewayRequest request)
    {
        if (membership.GetApproximateSiloStatus(silo) != SiloStatus.Active) return null;
        try
        {
            return await GetGrainService(silo).Deliver(gatewayId, clientId, observer, request);
        }
        catch (OrleansException failure)
        {
            LogUnreachable(log, silo, failure.Message);
            return null;
        }
    }

    /// <inheritdoc />
    public async Task CloseSupersededAsync(LinkHolding holding)
    {
        if (membership.GetApproximateSiloStatus(holding.Silo) != SiloStatus.Active) return;
        try
        {
            await GetGrainService(holding.Silo).CloseSuperseded(holding.ClientId, holding.Generation);
        }
        catch (Exception failure) when (IsUnreachable(failure))
        {
            LogUnreachable(log, holding.Silo, failure.Message);
        }
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<LinkOffer>> OffersAsync()
    {
        var offers = await Task.WhenAll(membership.GetActiveSilos().Select(OfferAsync));
        return [.. offers.OfType<LinkOffer>()];
    }

    private async Task<LinkOffer?> OfferAsync(SiloAddress silo)
    {
        try
        {
            return await GetGrainService(silo).Offer();
        }
        catch (Exception failure) when (IsUnreachable(failure))
        {
            LogUnreachable(log, silo, failure.Message);
            return null;
        }
    }

    private static bool IsUnreachable(Exception failure) => failure is OrleansException or TimeoutException;

    [LoggerMessage(131, LogLevel.Warning, "The link registry of silo {Silo} did not answer: {Reason}")]
    private static partial void LogUnreachable(ILogger log, SiloAddress silo, string reason);
}
