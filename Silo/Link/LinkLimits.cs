namespace Tidegate.Silo.Link;

/// <summary>Limits of the guarded port (<c>docs/protocols/link.md</c>, Limits). Before authentication they are small.</summary>
public static class LinkLimits
{
    /// <summary>Longest connection preamble, in bytes; Orleans' own limit.</summary>
    public const int PreambleBytes = 1024;
    /// <summary>Largest message header.</summary>
    public const int HeaderBytes = 64 << 10;
    /// <summary>Largest message body.</summary>
    public const int BodyBytes = 8 << 20;
    /// <summary>Objects within objects in a body or a request context; the contracts need six.</summary>
    public const int BodyDepth = 16;
    /// <summary>Mentions of objects that came before in one message; the decoder looks for each among all.</summary>
    public const int BodyReferences = 1024;
    /// <summary>Of these, in fields that this version does not know.</summary>
    public const int PlainReferences = 16;
    /// <summary>Sum of numbers that could be lengths of collections, in fields that this version does not know.</summary>
    public const int ClaimedElements = 64 << 10;
    /// <summary>Longest name of a type.</summary>
    public const int TypeNameBytes = 1024;
    /// <summary>Entries of a request context.</summary>
    public const int ContextEntries = 64;
    /// <summary>Connections in all, handshakes among them.</summary>
    public const int Connections = 20_000;
    /// <summary>Refused connections without an identity that the log names, a second and port.</summary>
    public const int StrangersLoggedASecond = 20;
    /// <summary>Handshakes under way at once.</summary>
    public const int Handshakes = 512;
    /// <summary>Connections that one certificate may hold: the live one and those not yet known to be dead.</summary>
    public const int ConnectionsPerCertificate = 4;
    /// <summary>Connections that developers' clients of one account may hold at one silo.</summary>
    public const int DevelopersPerAccount = 64;
    /// <summary>Calls a second of one certificate on one silo, on average; an agent at full speed makes a tenth.</summary>
    public const int CallsPerSecond = 500;
    /// <summary>Calls of one certificate at once after a quiet time.</summary>
    public const int CallBurst = 2000;
    /// <summary>Frames a second of one connection, on average, answers among them.</summary>
    public const int FramesPerSecond = 1000;
    /// <summary>Frames of one connection at once after a quiet time.</summary>
    public const int FrameBurst = 4000;
    /// <summary>Requests sent to one client and not yet answered; the oldest gives way.</summary>
    public const int OutstandingRequests = 4096;
    /// <summary>Client ids remembered with the certificate that used them first.</summary>
    public const int RememberedClients = 200_000;
    /// <summary>From the end of the handshake to a complete preamble.</summary>
    public static readonly TimeSpan Preamble = TimeSpan.FromSeconds(15);
    /// <summary>From the first byte of a frame to its last.</summary>
    public static readonly TimeSpan Frame = TimeSpan.FromSeconds(60);
    /// <summary>Without a byte from the client. Heartbeats come every few seconds.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromSeconds(90);
}
