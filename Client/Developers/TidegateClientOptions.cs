using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Client.Proxies;
using Tidegate.Client.Rest;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Developers;

/// <summary>Where the service is and who calls.</summary>
public sealed record TidegateClientOptions
{
    /// <summary>Base address of the API, for example <c>https://api.example.net</c>. The link's own address is learnt from it.</summary>
    public required Uri Service { get; init; }

    /// <summary>An API key of an account: <c>tgk_...</c>. Its role is the client's.</summary>
    public required Secret ApiKey { get; init; }

    /// <summary>PEM file of the CAs to trust for the API, and no other; null for the system's. The link's CAs are told by the API.</summary>
    public string? CaFile { get; init; }

    /// <summary>Limit for each step of connecting: 1 to 60 s; default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Limit for one call, 5 s to 10 min; default 60 s. Of a stream: how long it may go without a sign of life.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Proxy for the API and the link; null to connect directly.</summary>
    public ProxySettings? Proxy { get; init; }

    /// <summary>Logs of the client; none by default.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Clock for renewals and certificate checks.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Throws <see cref="TidegateException"/> <c>InvalidArgument</c> that names every fault at once.</summary>
    public void Validate()
    {
        var faults = new List<string>();
        if (Service is not { IsAbsoluteUri: true } || Service.Scheme != Uri.UriSchemeHttps) faults.Add($"the service's address '{Service}' is no https URL");
        if (ApiKey is not { IsEmpty: false }) faults.Add("there is no API key");
        if (CaFile is not null && !File.Exists(CaFile)) faults.Add($"the CA file '{CaFile}' does not exist");
        if (ConnectTimeout < TimeSpan.FromSeconds(1) || ConnectTimeout > TimeSpan.FromSeconds(60)) faults.Add("the connect timeout must be 1 to 60 s");
        if (CallTimeout < TimeSpan.FromSeconds(5) || CallTimeout > TimeSpan.FromMinutes(10)) faults.Add("the call timeout must be 5 s to 10 min");
        if (faults.Count > 0) throw new TidegateException(ErrorCodes.InvalidArgument, "The client cannot start: " + string.Join("; ", faults) + ".");
    }

    internal RestClientOptions ToRest() => new() { Endpoint = Service, ApiKey = ApiKey, CaFile = CaFile, AttemptTimeout = ConnectTimeout, MaxAttempts = 3 };
}
