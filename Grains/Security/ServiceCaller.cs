using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Security;

/// <summary>The service acting on its own: first start, wake shards, background work.</summary>
public static class ServiceCaller
{
    /// <summary>What audit records name.</summary>
    public const string Actor = "service";

    /// <summary>The service as a caller.</summary>
    public static readonly Caller Instance = new(Role.Operator, "", "", Actor);

    /// <summary>Who the current call's audit records name.</summary>
    internal static string ActorId => Caller.Current.ActorId is { Length: > 0 } actor ? actor : Actor;

    /// <summary>Makes calls from here on the service's own.</summary>
    public static void Act() => RequestContext.Set(Caller.ContextKey, Instance);

    /// <summary>As <see cref="Act"/>, when nobody called.</summary>
    internal static void ActUnlessCalled()
    {
        if (Caller.Current.Role == Role.None) Act();
    }
}
