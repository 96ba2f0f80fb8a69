using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Connections;
using Tidegate.Client.Grain;
using Tidegate.Client.Proxies;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>A link has one gateway in its list and dials it once, whatever Orleans' client would like.</summary>
public sealed class LinkConnectionFactoryTests
{
    private static readonly IPEndPoint Advertised = new(IPAddress.Parse("192.0.2.1"), 30000);

    [Fact]
    public async Task The_gateway_list_holds_the_advertised_address_alone_and_never_changes()
    {
        var list = new SingleGateway(Advertised);
        var gateway = Assert.Single(await list.GetGateways());
        Assert.Equal((Advertised.Address.ToString(), Advertised.Port), (gateway.Host, gateway.Port));
        Assert.False(list.IsUpdatable);
    }

    [Fact]
    public async Task No_other_silo_is_dialled_and_this_one_once()
    {
        // A name that does not resolve: dialling ends by itself and leaves the machine untouched.
        using var factory = new LinkConnectionFactory(Advertised, new DnsEndPoint("silo.invalid", 443), new SslClientAuthenticationOptions(), new Dialler(null, Dialler.HttpLimit, TimeProvider.System));
        await Assert.ThrowsAsync<ConnectionAbortedException>(async () => await factory.ConnectAsync(new IPEndPoint(Advertised.Address, 30001)));
        Assert.Null(factory.Failure);
        await Assert.ThrowsAnyAsync<Exception>(async () => await factory.ConnectAsync(Advertised));
        var failure = factory.Failure;
        Assert.NotNull(failure);
        Assert.True(factory.Lost.IsCompleted);
        await Assert.ThrowsAsync<ConnectionAbortedException>(async () => await factory.ConnectAsync(Advertised));
        Assert.Same(failure, factory.Failure);
    }
}
