namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Sizes that clients are told or may rely on (docs/protocols/nbd.md); bytes.</summary>
internal static class NbdLimits
{
    public const int MinimumBlockBytes = 512;
    public const int PreferredBlockBytes = 4096;
    /// <summary>Greatest payload of a read or a write.</summary>
    public const int MaxPayloadBytes = 32 * 1024 * 1024;
    /// <summary>A write above the limit and up to this is thrown away and answered; beyond, the connection is closed.</summary>
    public const int MaxSkippedPayloadBytes = 64 * 1024 * 1024;
    /// <summary>Option data above the limit and up to this is thrown away and answered; beyond, the connection is closed.</summary>
    public const int MaxSkippedOptionBytes = 64 * 1024;
    /// <summary>What a client may send until TLS is agreed; certificate chains are a few KiB.</summary>
    public const int MaxTlsHandshakeBytes = 128 * 1024;
    public const int MaxExportNameBytes = 4096;
    /// <summary>From here on a read is answered in pieces, holes without their zeroes.</summary>
    public const int LongReadBytes = 64 * 1024;
    public const int ChunkBytes = 256 * 1024;
    /// <summary>The same until a session begins: whoever connects gets little memory.</summary>
    public const int HandshakeChunkBytes = 16 * 1024;
    /// <summary>What a session may have waiting for the device or the client while memory is scarce.</summary>
    public const int ScarceBytes = 256 * 1024;
    public const int ScarceRequests = 16;
    /// <summary>Replies that a client does not take while others wait for memory, and above which it is cut off.</summary>
    public const int StuckBytes = 1024 * 1024;
    public const int MaxExtents = 1024;
}
