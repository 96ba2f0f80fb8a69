using System.Net;
using Orleans.Messaging;

namespace Tidegate.Client.Grain;

/// <summary>The gateway list of a link: exactly one silo, under its advertised address. An Orleans client connects to every silo in its list.</summary>
internal sealed class SingleGateway(IPEndPoint advertised) : IGatewayListProvider
{
    private readonly IList<Uri> _gateways = [SiloAddress.New(advertised, 0).ToGatewayUri()];

    public TimeSpan MaxStaleness => TimeSpan.FromMinutes(1);
    public bool IsUpdatable => false;
    public Task InitializeGatewayListProvider() => Task.CompletedTask;
    public Task<IList<Uri>> GetGateways() => Task.FromResult(_gateways);
}
