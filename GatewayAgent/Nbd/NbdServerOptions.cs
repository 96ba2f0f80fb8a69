using System.Runtime.CompilerServices;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Limits of the NBD server (docs/protocols/nbd.md, Limits). <see cref="Validate"/> names every fault at once.</summary>
internal sealed class NbdServerOptions
{
    /// <summary>Addresses to listen on; at least one.</summary>
    public IReadOnlyList<NbdListenAddress> Listen { get; set; } = [];

    /// <summary>What TLS is set up from; needed when an address is not without TLS.</summary>
    public NbdTlsFiles? Tls { get; set; }

    /// <summary>Which clients may use which exports; null lets every client that is let in use all of them.</summary>
    public NbdAccess? Access { get; set; }

    /// <summary>Connections that have not agreed on an export yet; 1 to 4096. Each has a thread.</summary>
    public int MaxHandshakes { get; set; } = 256;

    /// <summary>The same from one address (NbdListener says what counts as one); 1 to 4096.</summary>
    public int MaxHandshakesPerAddress { get; set; } = 128;

    /// <summary>Connections that use an export; 1 to 8192. Each has a thread.</summary>
    public int MaxSessions { get; set; } = 1024;

    /// <summary>The same from one address; 1 to 8192.</summary>
    public int MaxSessionsPerAddress { get; set; } = 512;

    /// <summary>Time from connecting to the start of transmission; above zero.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Options that one handshake may send; 4 to 1024.</summary>
    public int MaxOptions { get; set; } = 64;

    /// <summary>Data of one option that is looked at, bytes; 4 KiB to 64 KiB, above which the connection is closed.</summary>
    public int MaxOptionBytes { get; set; } = 8 * 1024;

    /// <summary>Requests of one connection that may wait for the device; 1 to 4096.</summary>
    public int MaxRequestsInFlight { get; set; } = 256;

    /// <summary>Request and reply bytes of one connection that may wait; at least one payload of 32 MiB.</summary>
    public long MaxBytesInFlight { get; set; } = 64L * 1024 * 1024;

    /// <summary>Bytes in buffers of all connections above which they get on one after another; at least 64 MiB.</summary>
    public long MaxBytesInAll { get; set; } = 512L * 1024 * 1024;

    /// <summary>How long stopping waits for requests that run; zero or more.</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Throws <see cref="ArgumentException"/> that lists every setting out of range.</summary>
    public void Validate()
    {
        List<string> faults = [];
        Check(Listen.Count > 0, "no address to listen on");
        foreach (var address in Listen)
            Check(Tls is not null || address.TlsMode == NbdTlsMode.Off, $"{address} is to use TLS, and there is no certificate");
        Within(MaxHandshakes, 1, 4096);
        Within(MaxHandshakesPerAddress, 1, 4096);
        Within(MaxSessions, 1, 8192);
        Within(MaxSessionsPerAddress, 1, 8192);
        Check(HandshakeTimeout > TimeSpan.Zero, $"HandshakeTimeout {HandshakeTimeout} is not above zero");
        Within(MaxOptions, 4, 1024);
        Within(MaxOptionBytes, 4096, 65536);
        Within(MaxRequestsInFlight, 1, 4096);
        Check(MaxBytesInFlight >= NbdLimits.MaxPayloadBytes, $"MaxBytesInFlight {MaxBytesInFlight} is below one payload of {NbdLimits.MaxPayloadBytes}");
        Check(MaxBytesInAll >= 2L * NbdLimits.MaxPayloadBytes, $"MaxBytesInAll {MaxBytesInAll} is below two payloads of {NbdLimits.MaxPayloadBytes}");
        Check(StopGrace >= TimeSpan.Zero, $"StopGrace {StopGrace} is negative");
        if (faults.Count > 0)
            throw new ArgumentException($"NBD server settings: {string.Join("; ", faults)}.");

        void Within(int value, int least, int most, [CallerArgumentExpression(nameof(value))] string name = "") =>
            Check(value >= least && value <= most, $"{name} {value} is not within {least} to {most}");

        void Check(bool holds, string fault)
        {
            if (!holds)
                faults.Add(fault);
        }
    }
}
