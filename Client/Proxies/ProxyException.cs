namespace Tidegate.Client.Proxies;

/// <summary>A proxy did not open a tunnel. The message names the proxy and the target, never a credential.</summary>
public sealed class ProxyException(string message, string nextStep, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>What somebody can do about it.</summary>
    public string NextStep { get; } = nextStep;

    /// <summary>The proxy's fault within what an HTTP client threw; null when it was none.</summary>
    public static ProxyException? In(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is ProxyException fault) return fault;
        }
        return null;
    }
}
