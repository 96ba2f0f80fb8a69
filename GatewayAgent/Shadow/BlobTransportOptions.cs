namespace Tidegate.GatewayAgent.Shadow;

/// <summary>How an <see cref="HttpBlobTransport"/> tries.</summary>
internal sealed class BlobTransportOptions
{
    /// <summary>Attempts on one ticket before the caller is told, 1-10.</summary>
    public int Attempts { get; set; } = 4;

    /// <summary>Time for one whole attempt, 1 s to 10 min.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Upper end of the first delay between attempts.</summary>
    public TimeSpan FirstDelay { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Upper end of every delay between attempts.</summary>
    public TimeSpan LongestDelay { get; set; } = TimeSpan.FromSeconds(5);
}
