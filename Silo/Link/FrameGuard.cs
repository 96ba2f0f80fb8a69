using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Orleans.Serialization.Session;
using Tidegate.Client.Grain;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Silo.Link;

/// <summary>
/// Layer 2 (<c>docs/protocols/link.md</c>): between TLS and Orleans, on every connection of the guarded port. Judges the
/// preamble and every frame's header in both directions; a breach closes the connection and is reported.
/// </summary>
internal sealed partial class FrameGuard(
    PreambleReader preambles, SerializerSessionPool sessions, OpenGrainTypes open, BodySchemas bodies, LinkConnections connections, IGrainFactory grains,
    IRevokedCertificates revoked, BreachAudit audit, LinkJudges judges, LinkSettings settings, ILocalSiloDetails silo, TimeProvider time, ILogger<FrameGuard> logger)
{
    private static readonly TimeSpan _checkEvery = TimeSpan.FromSeconds(5);

    /// <summary>Runs <paramref name="next"/>, which is Orleans, behind the guard.</summary>
    public async Task RunAsync(ConnectionContext context, LinkConnection link, ConnectionDelegate next)
    {
        var outside = context.Transport;
        var (inward, outward) = (new Pipe(), new Pipe());
        var inbound = new FramePump(outside.Input, inward.Writer, time);
        var outbound = new FramePump(outward.Reader, outside.Output, time);
        var rules = new TaskCompletionSource<FrameRules>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watch = time.CreateTimer(_ => Check(link, inbound, rules.Task.IsCompleted), null, _checkEvery, _checkEvery);

        context.Transport = new DuplexPipe(inward.Reader, outward.Writer);
        var pumps = Task.WhenAll(
            PumpAsync(context, link, () => InboundAsync(inbound, link, rules), inward.Writer),
            PumpAsync(context, link, () => OutboundAsync(outbound, rules.Task), outward.Reader));
        try
        {
            await next(context);
        }
        finally
        {
            context.Transport = outside;
            await inward.Reader.CompleteAsync();
            await outward.Writer.CompleteAsync();
            outside.Input.CancelPendingRead();
            rules.TrySetCanceled();
            context.Abort();
            await pumps;
        }
    }

    /// <summary>Tells the gateway that its connection is gone from here, so that its link is lost at once and not when pings go unanswered (M1.8).</summary>
    public async Task TellGatewayAsync(LinkConnection link)
    {
        if (link.Holding is not { } held) return;
        try
        {
            await grains.GetGrain<IGatewayGrain>(link.Identity.GatewayId).ReleaseConnection(held.ClientId, held.Generation);
        }
        catch (Exception unreachable)
        {
            // The pings will tell, later.
            Ended(logger, link.Identity.Subject, unreachable.Message);
        }
    }

    private async Task InboundAsync(FramePump pump, LinkConnection link, TaskCompletionSource<FrameRules> rules)
    {
        if (!await pump.PreambleAsync(async preamble => rules.SetResult(await AcceptAsync(preambles.ReadClientId(preamble), link)))) return;
        var (judge, schema) = (await rules.Task, bodies.Of(link.Identity.Kind));
        await pump.HeldFramesAsync((header, body) => Require(judges, judge, sessions, schema, header, body), new FramePace(time));
    }

    /// <summary>A breach unless a client may send the frame.</summary>
    internal static void Require(
        LinkJudges judges, FrameRules rules, SerializerSessionPool sessions, BodySchema bodies, ReadOnlySequence<byte> header, ReadOnlySequence<byte> body)
    {
        var frame = FrameHeader.Read(header, sessions);
        if (judges.Frame(rules, frame) is { } rule) throw new LinkBreachException(rule);
        var walk = new BodyWalk(bodies, header.Slice(frame.RestAt));
        walk.Header(frame.Flags);
        if (!body.IsEmpty) walk.Body(body, frame.Response == FrameResponse.Success);
    }

    private async Task<FrameRules> AcceptAsync(string clientId, LinkConnection link)
    {
        revoked.RequireCurrent();
        if (revoked.IsRevoked(link.Identity)) throw new LinkBreachException("a revoked certificate");
        // Orleans hands a client id's messages to whoever announced it last, so it is settled before Orleans hears of it.
        if (!link.Identity.Owns(clientId)) throw new LinkBreachException($"client id {clientId}, which is not its {(link.Identity.Kind == LinkClientKind.Agent ? "gateway" : "key pair")}'s");
        if (!connections.TryBind(clientId, link)) throw new LinkBreachException($"client id {clientId}, which belongs to another certificate");
        var rules = new FrameRules(clientId, open.To(link.Identity.Kind), settings.Advertised);
        if (link.Identity.Kind == LinkClientKind.Developer)
        {
            // Its client id is its key pair's, so that no other silo has to be asked; its API key's end is in the table of revocations.
            connections.Accept(link, clientId);
            return rules;
        }

        var holding = await grains.GetGrain<IGatewayGrain>(link.Identity.GatewayId).BindConnection(silo.SiloAddress, link.Identity.Thumbprint, clientId)
            ?? throw new LinkBreachException("a certificate that its gateway does not know, or that was revoked, or another certificate's client id");
        connections.Accept(link, holding);
        return rules;
    }

    private async Task OutboundAsync(FramePump pump, Task<FrameRules> rules)
    {
        var judge = await rules;
        if (!await pump.PreambleAsync(_ => Task.CompletedTask)) return;
        await pump.FramesAsync(header => judge.Outbound(FrameHeader.Read(header, sessions)));
    }

    private async Task PumpAsync(ConnectionContext context, LinkConnection link, Func<Task> pump, object end)
    {
        Exception? failure = null;
        try
        {
            await pump();
        }
        catch (LinkBreachException breach)
        {
            failure = breach;
            link.Close(breach.Message);
            var remote = context.RemoteEndPoint?.ToString() ?? "";
            Breach(logger, link.Identity.Subject, link.ClientId ?? "", remote, BreachAudit.Bounded(breach.Message));
            audit.Report(link.Identity.SubjectId, BreachLayer.Frame, breach.Message, remote, link.ClientId ?? "");
        }
        catch (Exception error)
        {
            // The peer went away, or Orleans did: the connection's end, not a fault of this process.
            failure = error is OperationCanceledException ? null : error;
            Ended(logger, link.Identity.Subject, error.Message);
        }
        if (end is PipeWriter writer) await writer.CompleteAsync(failure);
        else await ((PipeReader)end).CompleteAsync(failure);
    }

    private static void Check(LinkConnection link, FramePump inbound, bool accepted)
    {
        if (!accepted && inbound.Idle > LinkLimits.Preamble) link.Close("no preamble in time");
        else if (inbound.InFrame > LinkLimits.Frame) link.Close("a frame that did not end in time");
        else if (inbound.Idle > LinkLimits.Idle) link.Close("nothing heard from the client");
    }

    [LoggerMessage(3001, LogLevel.Warning, "Closed the link of {Subject} (client {Client}, from {Remote}): it sent {Breach}")]
    private static partial void Breach(ILogger logger, string subject, string client, string remote, string breach);

    [LoggerMessage(3002, LogLevel.Debug, "The link of {Subject} ended: {Reason}")]
    private static partial void Ended(ILogger logger, string subject, string reason);
}
