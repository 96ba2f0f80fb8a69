using Tidegate.GatewayAgent.Nbd.Wire;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Log messages of the NBD server, ids 3000 to 3099.</summary>
internal static partial class NbdLog
{
    [LoggerMessage(3000, LogLevel.Information, "Serving NBD on {Address}")]
    public static partial void Listening(ILogger logger, NbdListenAddress address);

    [LoggerMessage(3001, LogLevel.Warning, "NBD on {Address} is open to other machines, without encryption or passwords: anyone who reaches it can read and write every volume. Use TLS with a client CA, a loopback address, a Unix socket, or a network that only the hosts are on")]
    public static partial void OpenToOthers(ILogger logger, NbdListenAddress address);

    [LoggerMessage(3002, LogLevel.Warning, "Gave up {Count} unfinished NBD handshakes for newer connections, the last one for {Remote}; clients connect faster than they finish")]
    public static partial void Displaced(ILogger logger, int count, string remote);

    [LoggerMessage(3003, LogLevel.Warning, "Accepting NBD connections on {Address} failed; trying again in a second")]
    public static partial void AcceptFailed(ILogger logger, Exception failure, NbdListenAddress address);

    [LoggerMessage(3004, LogLevel.Warning, "The certificate '{File}' expired at {NotAfter}: clients will refuse NBD by TLS until it is replaced")]
    public static partial void CertificateExpired(ILogger logger, string file, DateTimeOffset notAfter);

    [LoggerMessage(3005, LogLevel.Information, "The certificate '{File}' was replaced; the new one is good until {NotAfter}")]
    public static partial void CertificateReplaced(ILogger logger, string file, DateTimeOffset notAfter);

    [LoggerMessage(3006, LogLevel.Error, "The files for NBD by TLS were changed and cannot be used; what was read before stays in use: {Faults}")]
    public static partial void CertificateNotReplaced(ILogger logger, string faults);

    [LoggerMessage(3014, LogLevel.Information, "{Remote} speaks TLS; its certificate's name is '{Subject}'")]
    public static partial void TlsBegan(ILogger logger, string remote, string subject);

    [LoggerMessage(3010, LogLevel.Information, "{Remote} uses export '{Export}' (structured replies: {Structured})")]
    public static partial void SessionBegan(ILogger logger, string remote, string export, bool structured);

    [LoggerMessage(3009, LogLevel.Warning, "The lists of revoked clients in '{File}' should have been replaced by {Until:u}; they stay in force")]
    public static partial void RevocationsOld(ILogger logger, string file, DateTimeOffset until);

    [LoggerMessage(3011, LogLevel.Information, "{Remote} left export '{Export}'")]
    public static partial void SessionEnded(ILogger logger, string remote, string export);

    [LoggerMessage(3012, LogLevel.Warning, "Closed the NBD connection from {Remote}: {Reason}")]
    public static partial void Closed(ILogger logger, string remote, string reason);

    [LoggerMessage(3015, LogLevel.Warning, "Cut off {Remote}: it took none of its replies for {Seconds} s, and others wait for the memory that they hold")]
    public static partial void Stuck(ILogger logger, string remote, double seconds);

    [LoggerMessage(3013, LogLevel.Error, "Closed the NBD connection from {Remote} after an unexpected failure")]
    public static partial void Broke(ILogger logger, Exception failure, string remote);

    [LoggerMessage(3020, LogLevel.Warning, "{Command} at {Offset} of {Length} bytes on export '{Export}' for {Remote} answered {Error}: {Message}")]
    public static partial void RequestFailed(ILogger logger, NbdCommand command, ulong offset, uint length, string export, string remote, NbdError error, string message);

    [LoggerMessage(3021, LogLevel.Error, "{Command} at {Offset} of {Length} bytes on export '{Export}' for {Remote} failed unexpectedly")]
    public static partial void RequestBroke(ILogger logger, Exception failure, NbdCommand command, ulong offset, uint length, string export, string remote);
}
