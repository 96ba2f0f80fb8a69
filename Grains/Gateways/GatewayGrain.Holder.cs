using Tidegate.Grains.Gateways.Holders;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Gateways;

// Which silo terminates the gateway's connection, and deliveries by way of it (M1.4): look-up first, broadcast when it is unknown or wrong.
internal sealed partial class GatewayGrain
{
    private HolderState _holder = HolderState.Unknown;

    /// <inheritdoc />
    public Task<LinkHolding?> BindConnection(SiloAddress silo, string thumbprint, string clientId)
    {
        if (!CertificateRules.IsValid(State, thumbprint, Now)) return Task.FromResult<LinkHolding?>(null);
        (_holder, var bound) = HolderMachine.Bind(_holder, silo, thumbprint, clientId, State.ConnectionGeneration, Now);
        return Task.FromResult(bound);
    }

    /// <inheritdoc />
    public async Task ReleaseConnection(string clientId, long generation)
    {
        _holder = HolderMachine.Release(_holder, generation);
        if (_live is { } link && link.State.ClientId == clientId && _holder.Current?.ClientId != clientId)
        {
            await LoseLinkAsync(link, "its connection closed");
        }
    }

    /// <summary>The connection that a link is opened over; refused unless it is the gateway's newest and its socket is open somewhere.</summary>
    private async Task<LinkHolding> RequireConnectionAsync(string clientId)
    {
        var known = _holder.Current;
        var holding = known is not null && known.ClientId == clientId ? await registries.FindAsync(known.Silo, Key, clientId) : null;
        holding ??= await registries.FindAnywhereAsync(Key, clientId);
        if (holding is not null) _holder = HolderMachine.Found(_holder, holding);
        return holding is not null && _holder.Current?.ClientId == clientId
            ? holding
            : throw new TidegateException(ErrorCodes.InvalidState, "The link's connection is not the gateway's newest one.", "Connect again.");
    }

    /// <summary>Has the silo that owns the link's socket deliver; <c>GatewayNotConnected</c> when none does.</summary>
    private async Task<DeliverReply> DeliverByHolderAsync(LiveLink link, IGatewayObserver observer, GatewayRequest request)
    {
        var client = link.State.ClientId;
        if (_holder.Current is { } known && known.ClientId == client
            && await registries.DeliverAsync(known.Silo, Key, client, observer, request) is { } reply)
        {
            return reply;
        }

        var found = await registries.FindAnywhereAsync(Key, client) ?? throw LiveLink.NotConnected();
        _holder = HolderMachine.Found(_holder, found);
        return await registries.DeliverAsync(found.Silo, Key, client, observer, request) ?? throw LiveLink.NotConnected();
    }
}
