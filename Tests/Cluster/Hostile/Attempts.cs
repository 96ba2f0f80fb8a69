using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Metadata;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Tests.Cluster.Link;

namespace Tidegate.Tests.Cluster.Hostile;

/// <summary>What a hostile client tries, made from what was found in a running silo.</summary>
internal static class Attempts
{
    /// <summary>Every method, called on those it is meant for; on the client's own gateway when it is meant for nobody, as an extension's.</summary>
    public static IEnumerable<HostileFrame> Calls(Surface surface, GuardedSilo silo, TestGateway own)
    {
        var interfaces = silo.Services.GetRequiredService<GrainInterfaceTypeResolver>();
        foreach (var method in surface.Methods)
        {
            var (targets, grains) = surface.MeantFor(method.Contract);
            // An extension of all system targets is tried on one of them.
            GrainId[] on = [.. targets.Take(1), .. grains.Select(grain => GrainId.Create(grain, IdSpan.Create(KeyOf(method.Contract, own))))];
            if (on.Length == 0 || typeof(IGrainExtension).IsAssignableFrom(method.Contract)) on = [.. on, RawLink.Gateway(own)];
            foreach (var target in on)
            {
                yield return new HostileFrame($"{method.Name} on {target.Type}", target, Surface.IsOpenToAgents(method.Method) || IsPlumbing(method, target) ? Fate.Answered : Fate.Refused)
                {
                    Body = Activator.CreateInstance(method.Request),
                    Interface = interfaces.GetGrainInterfaceType(method.Contract),
                    TargetSilo = target.IsSystemTarget() ? SiloAddress.New(silo.LinkPort, 0) : null,
                };
            }
        }
    }

    // A key of another form than the contract's is refused for that alone.
    private static string KeyOf(Type contract, TestGateway own) =>
        contract.GetCustomAttribute<KeyBelongsToAttribute>() is { Kind: not ResourceKind.Gateway } belongs ? ResourceId.New(belongs.Kind) : own.GatewayId;

    /// <summary>Every method that is closed (but the planted one, which no gateway has), called on the client's own gateway under a header that says it is another, open one.</summary>
    public static IEnumerable<HostileFrame> LyingHeaders(Surface surface, GuardedSilo silo, TestGateway own)
    {
        var honest = silo.Services.GetRequiredService<GrainInterfaceTypeResolver>().GetGrainInterfaceType(typeof(IGatewayLinkGrain));
        return surface.Methods.Where(method => method.Contract != typeof(IPlantedGrain) && !Surface.IsOpenToAgents(method.Method) && !IsPlumbing(method, RawLink.Gateway(own))).Select(method =>
            new HostileFrame($"{method.Name} as a call of the link's", RawLink.Gateway(own), Fate.Refused) { Body = Activator.CreateInstance(method.Request), Interface = honest });
    }

    /// <summary>Every open method on a stranger's gateway, with and without a claim to be an operator, or the stranger.</summary>
    public static IEnumerable<HostileFrame> ForeignKeys(Surface surface, GuardedSilo silo, TestGateway stranger)
    {
        var interfaces = silo.Services.GetRequiredService<GrainInterfaceTypeResolver>();
        Caller[] claims = [new Caller(Role.Operator, "", "", "operator"), stranger.Caller];
        foreach (var method in surface.Methods.Where(static method => Surface.IsOpenToAgents(method.Method) && method.Contract.GetCustomAttribute<KeyBelongsToAttribute>()?.Owner == KeyOwner.Gateway))
        {
            foreach (var grain in surface.MeantFor(method.Contract).Grains)
            {
                var plain = new HostileFrame($"{method.Name} of a stranger", GrainId.Create(grain, IdSpan.Create(stranger.GatewayId)), Fate.Refused)
                {
                    Body = Activator.CreateInstance(method.Request),
                    Interface = interfaces.GetGrainInterfaceType(method.Contract),
                };
                yield return plain;
                foreach (var claim in claims)
                    yield return plain with { Name = $"{plain.Name}, claiming to be {claim.ActorId}", Context = new Dictionary<string, object> { [Caller.ContextKey] = claim } };
            }
        }
    }

    /// <summary>Frames in everybody's name, answers to everybody's questions, caches to be forgotten, and addresses to be called.</summary>
    public static IEnumerable<HostileFrame> Forgeries(Surface surface, GuardedSilo silo, TestGateway own, TestGateway victim, string victimsClientId)
    {
        GrainId[] everybody = [
            .. surface.SystemTargets,
            .. surface.GrainTypes.Select(grain => GrainId.Create(grain, IdSpan.Create(victim.GatewayId))),
            RawLink.Client(victimsClientId), RawLink.Client(victimsClientId + "+observer"), RawLink.Client($"hosted-{silo.Address.ToParsableString()}"),
        ];
        foreach (var somebody in everybody)
        {
            yield return new HostileFrame($"a call in the name of {somebody.Type}", RawLink.Gateway(own), Fate.Closed) { Sender = somebody };
            yield return new HostileFrame($"an answer to {somebody.Type}", somebody, Fate.Closed) { Direction = 2, Result = 1, Id = 7 };
            yield return new HostileFrame($"a rejection of what {somebody.Type} sent", somebody, Fate.Closed) { Direction = 2, Result = 3, Id = 7 };
            yield return new HostileFrame($"a cache without {somebody.Type}", RawLink.Gateway(own), Fate.Closed)
            {
                Invalidates = new GrainAddress { GrainId = somebody, SiloAddress = silo.Address, ActivationId = ActivationId.NewId() },
            };
        }

        foreach (var target in surface.SystemTargets)
        {
            yield return new HostileFrame($"a call of {target.Type} at no address", target, Fate.Closed);
            yield return new HostileFrame($"a one-way call of {target.Type} at an address of the client's choice", target, Fate.Closed)
            {
                Direction = 3,
                TargetSilo = SiloAddress.New(System.Net.IPAddress.Loopback, 9, 0),
            };
        }
    }

    /// <summary>
    /// What Orleans' own client calls: the cluster's manifest, by the contract that is made for clients; and of an
    /// enumeration that nobody began it may say that it is over.
    /// </summary>
    private static bool IsPlumbing(SurfaceMethod method, GrainId target) => method.Contract.FullName == "Orleans.Runtime.IClusterManifestSystemTarget"
        || (method.Contract == typeof(IAsyncEnumerableGrainExtension) && target.Type.ToString() == "gateway" && method.Method.Name == nameof(IAsyncEnumerableGrainExtension.DisposeAsync));
}
