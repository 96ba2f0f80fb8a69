using System.Security.Cryptography.X509Certificates;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>A gateway with its credential.</summary>
internal sealed record TestGateway(string AccountId, string GatewayId, X509Certificate2 Certificate)
{
    public Caller Caller => new(Role.Agent, AccountId, GatewayId, GatewayId);
}
