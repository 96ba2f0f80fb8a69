namespace Tidegate.Grains.Outbox;

/// <summary>What a machine says happened; becomes one outbox entry in the save of the change itself (I14).</summary>
/// <param name="Kind">Stable name, for example <c>gateway.renamed</c>.</param>
/// <param name="Change">What changed: a small object without secrets, written as JSON.</param>
internal sealed record DomainEvent(string Kind, object? Change = null);
