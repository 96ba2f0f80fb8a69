using Tidegate.GatewayAgent.Volumes;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>What all connections of a server share. <c>Tls</c> is there where an address is not without TLS.</summary>
internal sealed record NbdShared(
    IExportSource Exports, NbdServerOptions Options, NbdAdmission Admission, NbdMemory Memory, NbdTls? Tls, TimeProvider Time, ILogger Logger);
