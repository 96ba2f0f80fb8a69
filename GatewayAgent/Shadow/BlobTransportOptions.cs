namespace Tidegate.GatewayAgent.Shadow;

/// <summary>How an <see cref="HttpBlobTransport"/> tries.</summary>
internal sealed class BlobTransportOptions
{
    /// <summary>Attempts on one ticket before the caller is told, 1-10.</summary>
    public int Attempts { get; set; } = 4;

    /// <summary>Time without progress after which an attempt is given up, 1 s to 10 min: progress is a slice sent or read; a wait for the uplink's limit does not count.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Upper end of the first delay between attempts.</summary>
    public TimeSpan FirstDelay { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Upper end of every delay between attempts.</summary>
    public TimeSpan LongestDelay { get; set; } = TimeSpan.FromSeconds(5);
}
