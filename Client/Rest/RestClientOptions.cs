using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Rest;

/// <summary>Where the API is and how to call it.</summary>
public sealed record RestClientOptions
{
    /// <summary>Base address, for example <c>https://api.example.net</c>. Plain HTTP is accepted on loopback alone.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>PEM file of the CAs to trust, and no other; null for the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>API key, sent as <c>Authorization: Bearer</c>; null calls without a credential.</summary>
    public Secret? ApiKey { get; init; }

    /// <summary>Limit of one attempt; default 30 s, range 1 s to 10 min.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Attempts of a call that may safely be repeated, the first included; default 4, range 1 to 10.</summary>
    public int MaxAttempts { get; init; } = 4;

    /// <summary>Wait before the second attempt; doubles with each further one, with jitter, up to 5 s. Default 200 ms, range 1 ms to 5 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Throws <see cref="TidegateException"/> <c>InvalidArgument</c> that names every fault at once.</summary>
    public void Validate()
    {
        var faults = new List<string>();
        if (!Endpoint.IsAbsoluteUri || Endpoint.Scheme is not ("https" or "http")) faults.Add($"the API address '{Endpoint}' is no http(s) URL");
        else if (Endpoint.Scheme == "http" && !Endpoint.IsLoopback) faults.Add($"the API address '{Endpoint}' is plain HTTP, which would expose the key; use https");
        if (CaFile is not null && !File.Exists(CaFile)) faults.Add($"the CA file '{CaFile}' does not exist");
        if (AttemptTimeout < TimeSpan.FromSeconds(1) || AttemptTimeout > TimeSpan.FromMinutes(10)) faults.Add("the attempt timeout must be 1 s to 10 min");
        if (MaxAttempts is < 1 or > 10) faults.Add("attempts must be 1 to 10");
        if (RetryDelay < TimeSpan.FromMilliseconds(1) || RetryDelay > TimeSpan.FromSeconds(5)) faults.Add("the retry delay must be 1 ms to 5 s");
        if (faults.Count > 0)
            throw new TidegateException(ErrorCodes.InvalidArgument, "The API client cannot start: " + string.Join("; ", faults) + ".");
    }
}
