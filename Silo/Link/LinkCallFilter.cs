using System.Reflection;
using Orleans.Serialization.Invocation;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Api;

namespace Tidegate.Silo.Link;

/// <summary>
/// Layer 3 and 4 on every silo (<c>docs/protocols/link.md</c>): a call that comes from a client passes only when its
/// method is open to the role that its token proves and the grain's key belongs to it. Calls from inside the cluster,
/// the silo's own hosted client among them, pass; the frame guard keeps clients from taking such a sender's name.
/// </summary>
internal sealed partial class LinkCallFilter(
    LinkTokenService tokens, IRevokedCertificates revoked, EnumerationOwners enumerations, LinkConnections connections, BreachAudit audit, LinkJudges judges,
    RequestLimits limits, CallLimits calls, ILogger<LinkCallFilter> logger) : IIncomingGrainCallFilter
{
    /// <summary>Orleans' name for a client inside a silo's process: trusted as the silo is.</summary>
    public const string HostedClientPrefix = "hosted-";

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        if (context.SourceId is not { } source || !source.Type.Equals(GrainTypePrefix.ClientGrainType))
        {
            await context.Invoke();
            return;
        }
        var client = ClientKey(source);
        if (client.StartsWith(HostedClientPrefix, StringComparison.Ordinal))
        {
            await context.Invoke();
            return;
        }

        revoked.RequireCurrent();
        var token = tokens.Verify(RequestContext.Get(Caller.TokenKey) as string);
        if (token is not null && revoked.IsRevoked(token))
        {
            // A developer whose key was revoked a moment ago has broken no rule: he is told what the API would tell him.
            if (LinkClientKind.Developer.MayBe(token.Caller.Role) && token.ClientId == client) throw ApiAuthentication.Refusal();
            token = null;
        }

        // Whoever connects as the certificate is the one that pays: another's token takes nothing from it.
        if (token is not null && string.Equals(token.ClientId, client, StringComparison.Ordinal)) calls.Take(token.Thumbprint);
        // Whatever the client claims to be, grains see only what the token proves.
        RequestContext.Remove(Caller.TokenKey);
        RequestContext.Set(Caller.ContextKey, token is null ? Caller.Nobody : token.Caller with { ClientId = token.ClientId });

        var method = context.InterfaceMethod;
        var refusal = context.TargetId.Type == FrameRules.ManifestTarget || method?.DeclaringType?.FullName == CancellationContract
            ? PlumbingRefusal(context, method, token, client)
            : IsEnumeration(method)
                ? EnumerationRefusal(context, method!, token, client)
                : judges.Call(method, context.TargetId.Key.ToString()!, token, client);
        if (refusal is not null)
        {
            if (CallPolicy.IsRoleWanting(Called(context), token, client))
                throw new TidegateException(ErrorCodes.Forbidden, $"The API key's role or bounds do not allow {context.MethodName}.", "Use an API key that docs/security/access.md names for it.");
            Refused(logger, client, token?.Caller.ActorId ?? "", context.TargetId, context.MethodName, refusal);
            Report(token, client, $"{refusal}, called on {context.TargetId}");
            // One answer for everything: what exists and why not is the log's to know.
            throw new TidegateException(ErrorCodes.Forbidden, "This call is not open to this client.",
                "Check that the gateway is activated and its software is current, or that the API key is of this account.");
        }
        if (token is not null && LinkClientKind.Developer.MayBe(token.Caller.Role)) await ServeDeveloperAsync(context, token);
        else await context.Invoke();
        if (IsEnumeration(method) && method!.Name == nameof(IAsyncEnumerableGrainExtension.DisposeAsync))
            enumerations.End(context.TargetContext, (Guid)context.Request.GetArgument(0)!);
    }

    // Contracts that Orleans keeps to itself, and that its client needs: by name, as the version is pinned.
    internal const string ManifestContract = "Orleans.Runtime.IClusterManifestSystemTarget";
    internal const string CancellationContract = "Orleans.Runtime.IGrainCallCancellationExtension";

    /// <summary>The client's id without the part that names one of its observers.</summary>
    public static string ClientKey(GrainId id)
    {
        var key = id.Key.ToString()!;
        var plus = key.IndexOf('+', StringComparison.Ordinal);
        return plus < 0 ? key : key[..plus];
    }

    /// <summary>At the pace that REST allows an API key; and what a developer is told of a failure is what the service says of it, not how it is built.</summary>
    private async Task ServeDeveloperAsync(IIncomingGrainCallContext context, LinkToken token)
    {
        if (!IsEnumeration(context.InterfaceMethod) || context.InterfaceMethod!.Name == nameof(IAsyncEnumerableGrainExtension.StartEnumeration))
            limits.CountRequest(token.Caller.ActorId);
        try
        {
            await context.Invoke();
        }
        catch (TidegateException told)
        {
            throw new TidegateException(told.Code, told.Message, told.NextStep);
        }
        catch (Exception error) when (error is not (OperationCanceledException or EnumerationAbortedException))
        {
            var trace = Guid.NewGuid().ToString("N");
            Failed(logger, error, token.ClientId, context.TargetId, context.MethodName, trace);
            throw new TidegateException(ErrorCodes.Internal, $"The service failed at this call (trace {trace}).", "Report the trace id to the operator.");
        }
    }

    /// <summary>The method that is meant: for the start of a stream, the one that it wraps.</summary>
    private static MethodInfo? Called(IIncomingGrainCallContext context) =>
        IsEnumeration(context.InterfaceMethod) && context.Request.GetArgumentCount() > 1 && context.Request.GetArgument(1) is IInvokable wrapped ? wrapped.GetMethod() : context.InterfaceMethod;

    /// <summary>
    /// A call without a valid token may have one that has just run out: that is counted, and no attack to be audited. With somebody else's
    /// token it is the connection that says who it was.
    /// </summary>
    private void Report(LinkToken? token, string client, string refusal)
    {
        var isOwn = string.Equals(token?.ClientId, client, StringComparison.Ordinal);
        var subject = token is null ? null : isOwn ? token.Caller.ActorId : connections.Find(client)?.Identity.SubjectId;
        if (subject is null) audit.Count(BreachLayer.Call);
        else audit.Report(subject, BreachLayer.Call, refusal, "", client);
    }

    private static bool IsEnumeration(MethodInfo? method) => method?.DeclaringType == typeof(IAsyncEnumerableGrainExtension);

    /// <summary>What Orleans' own client must call: reading the cluster's manifest, and cancelling a call of its own.</summary>
    private static string? PlumbingRefusal(IIncomingGrainCallContext context, MethodInfo? method, LinkToken? token, string client)
    {
        if (token is null || !string.Equals(token.ClientId, client, StringComparison.Ordinal)) return "no valid token";
        if (context.TargetId.Type == FrameRules.ManifestTarget)
            return method?.DeclaringType?.FullName == ManifestContract ? null : "of the manifest target, only the manifest is open";
        return context.Request.GetArgumentCount() > 0 && context.Request.GetArgument(0) is GrainId caller
            && caller.Type.Equals(GrainTypePrefix.ClientGrainType) && ClientKey(caller) == client
            ? null
            : "a call of somebody else's cannot be cancelled";
    }

    /// <summary>The extension that carries streaming calls is opened for exactly this: the wrapped method is checked when it starts, and only its owner goes on.</summary>
    private string? EnumerationRefusal(IIncomingGrainCallContext context, MethodInfo method, LinkToken? token, string client)
    {
        if (context.Request.GetArgumentCount() == 0 || context.Request.GetArgument(0) is not Guid enumeration)
            return "an enumeration without an id";
        if (method.Name == nameof(IAsyncEnumerableGrainExtension.StartEnumeration))
        {
            var wrapped = context.Request.GetArgument(1) as IInvokable;
            return judges.Call(wrapped?.GetMethod(), context.TargetId.Key.ToString()!, token, client)
                ?? (enumerations.TryStart(context.TargetContext, enumeration, token!) ? null : "the enumeration is somebody else's, or one too many");
        }
        if (token is null || !string.Equals(token.ClientId, client, StringComparison.Ordinal)) return "no valid token";
        // An activation that has begun since then knows of no enumerations: what Orleans says of that, to its own gateway or account, and no breach.
        if (method.Name != nameof(IAsyncEnumerableGrainExtension.DisposeAsync) && context.TargetId.Key.ToString() == (token.Caller.Role == Role.Agent ? token.Caller.GatewayId : token.Caller.AccountId)
            && !enumerations.IsOwned(context.TargetContext, enumeration))
        {
            throw new EnumerationAbortedException("The enumeration is not known here any more.");
        }
        // Orleans' client disposes a cancelled enumeration twice; the second time nobody owns it, and nothing is done.
        return enumerations.IsOwner(context.TargetContext, enumeration, client)
            || (method.Name == nameof(IAsyncEnumerableGrainExtension.DisposeAsync) && !enumerations.IsOwned(context.TargetContext, enumeration))
                ? null
                : "the enumeration is somebody else's";
    }

    [LoggerMessage(3101, LogLevel.Warning, "Refused a call of client {Client} ({Actor}) to {Target} {Method}: {Reason}")]
    private static partial void Refused(ILogger logger, string client, string actor, GrainId target, string method, string reason);

    [LoggerMessage(3102, LogLevel.Error, "A call of client {Client} to {Target} {Method} failed (trace {Trace})")]
    private static partial void Failed(ILogger logger, Exception error, string client, GrainId target, string method, string trace);
}
