using Tidegate.GatewayAgent.Volumes;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>What a handshake agreed on.</summary>
/// <param name="Lease">The export; the session gives it back.</param>
/// <param name="StructuredReplies">Reads are answered in chunks and errors carry messages.</param>
/// <param name="HasBaseAllocation">Block status of <c>base:allocation</c> may be asked for.</param>
internal sealed record NbdTerms(IExportLease Lease, bool StructuredReplies, bool HasBaseAllocation);
