using System.Security.Cryptography.X509Certificates;
using Tidegate.Client.Grain;
using Tidegate.Grains.Interfaces.Errors;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>How refusals are checked.</summary>
internal static class Refusal
{
    /// <summary>Discovery with this certificate is refused, with the code.</summary>
    public static async Task OfDiscoveryAsync(GuardedSilo silo, X509Certificate2 certificate, string code)
    {
        var refused = await Assert.ThrowsAsync<TidegateException>(async () => await (await GrainLink.ConnectAsync(silo.LinkOptions(certificate), default)).DisposeAsync());
        Assert.Equal(code, refused.Code);
    }

    /// <summary>The call filter refuses the call, and only the call.</summary>
    public static async Task OfCallAsync(Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<TidegateException>(call);
        Assert.Equal(ErrorCodes.Forbidden, refused.Code);
    }
}
