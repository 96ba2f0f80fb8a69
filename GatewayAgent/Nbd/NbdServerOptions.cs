namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Limits of the NBD server (docs/protocols/nbd.md, Limits). <see cref="Validate"/> names every fault at once.</summary>
internal sealed class NbdServerOptions
{
    /// <summary>Addresses to listen on; at least one.</summary>
    public IReadOnlyList<NbdListenAddress> Listen { get; set; } = [];

    /// <summary>What TLS is set up from; needed when an address is not without TLS.</summary>
    public NbdTlsFiles? Tls { get; set; }

    /// <summary>Connections in all, handshakes included; 1 to 4096. Each has a thread.</summary>
    public int MaxConnections { get; set; } = 256;

    /// <summary>Connections from one address; all clients of one Unix socket count as one address. 1 to 4096.</summary>
    public int MaxConnectionsPerAddress { get; set; } = 64;

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

    /// <summary>How long stopping waits for requests that run; zero or more.</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Throws <see cref="ArgumentException"/> that lists every setting out of range.</summary>
    public void Validate()
    {
        List<string> faults = [];
        Check(Listen.Count > 0, "no address to listen on");
        foreach (var address in Listen)
            Check(Tls is not null || address.TlsMode == NbdTlsMode.Off, $"{address} is to use TLS, and there is no certificate");
        Check(MaxConnections is >= 1 and <= 4096, $"MaxConnections {MaxConnections} is not within 1 to 4096");
        Check(MaxConnectionsPerAddress is >= 1 and <= 4096, $"MaxConnectionsPerAddress {MaxConnectionsPerAddress} is not within 1 to 4096");
        Check(HandshakeTimeout > TimeSpan.Zero, $"HandshakeTimeout {HandshakeTimeout} is not above zero");
        Check(MaxOptions is >= 4 and <= 1024, $"MaxOptions {MaxOptions} is not within 4 to 1024");
        Check(MaxOptionBytes is >= 4096 and <= 65536, $"MaxOptionBytes {MaxOptionBytes} is not within 4096 to 65536");
        Check(MaxRequestsInFlight is >= 1 and <= 4096, $"MaxRequestsInFlight {MaxRequestsInFlight} is not within 1 to 4096");
        Check(MaxBytesInFlight >= NbdLimits.MaxPayloadBytes, $"MaxBytesInFlight {MaxBytesInFlight} is below one payload of {NbdLimits.MaxPayloadBytes}");
        Check(StopGrace >= TimeSpan.Zero, $"StopGrace {StopGrace} is negative");
        if (faults.Count > 0)
            throw new ArgumentException($"NBD server settings: {string.Join("; ", faults)}.");

        void Check(bool holds, string fault)
        {
            if (!holds)
                faults.Add(fault);
        }
    }
}
