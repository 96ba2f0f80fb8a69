using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Outbox;

namespace Tidegate.Grains.Security;

/// <summary>How breaches of the link stand in the audit chain of the gateway or API key whose certificate they came with (<c>docs/formats/audit.md</c>).</summary>
internal static class BreachRecords
{
    /// <summary>The record. Throws <c>Unavailable</c> while the audit log takes nothing: a hostile client must not fill a grain's state.</summary>
    public static DomainEvent Of(string kind, AggregateState state, LinkBreaches breaches)
    {
        if (state.Outbox.Pending.Length >= OutboxMachine.MaxPending / 2)
            throw new TidegateException(ErrorCodes.Unavailable, "The audit log has not taken the last changes, so breaches wait.", "Try again when the audit log is reachable.");
        return new DomainEvent(kind, new
        {
            layer = Arguments.Text(breaches.Layer, "layer", LinkBreaches.MaxTextLength),
            rule = Arguments.Text(breaches.Rule, "rule", LinkBreaches.MaxTextLength),
            breaches.Count,
            breaches.Since,
            breaches.Until,
            remote = Arguments.Text(breaches.Remote, "remote", LinkBreaches.MaxTextLength),
            clientId = Arguments.Text(breaches.ClientId, "client id", LinkBreaches.MaxTextLength),
        });
    }
}
