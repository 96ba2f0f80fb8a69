namespace Tidegate.GatewayAgent.Nbd.Wire;

/// <summary>The magic numbers that open every NBD message.</summary>
internal static class NbdMagic
{
    /// <summary>"NBDMAGIC", the first bytes of a server.</summary>
    public const ulong Server = 0x4e42444d41474943;
    /// <summary>"IHAVEOPT": newstyle, and the start of every option.</summary>
    public const ulong Option = 0x49484156454f5054;
    public const ulong OptionReply = 0x0003e889045565a9;
    public const uint Request = 0x25609513;
    public const uint SimpleReply = 0x67446698;
    public const uint StructuredReply = 0x668e33ef;
}
