namespace Tidegate.Silo.Options;

/// <summary>Limits of the REST API and of activation. Section <c>Tidegate:Api</c>.</summary>
public sealed class ApiOptions : ICheckedOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Tidegate:Api";

    /// <summary>Largest request body in bytes: 1 KiB to 1 MiB, 64 KiB by default.</summary>
    public int MaxBodyBytes { get; set; } = 64 * 1024;

    /// <summary>Requests a second that one API key may make on average: 1 to 10,000, 50 by default.</summary>
    public int RequestsPerSecond { get; set; } = 50;

    /// <summary>Requests that one API key may make at once after a quiet time: 1 to 100,000, 200 by default.</summary>
    public int RequestBurst { get; set; } = 200;

    /// <summary>Refused credentials a minute that one address is answered, 1 to 10,000, 60 by default; more are told to wait.</summary>
    public int RefusalsPerMinute { get; set; } = 60;

    /// <summary>Activation sessions, claims and previews a minute for one address or account, 1 to 10,000, 60 by default (M4.4).</summary>
    public int ActivationsPerMinute { get; set; } = 60;

    /// <summary>Attempts to sign in to the console a minute for one address, 1 to 10,000, 20 by default.</summary>
    public int SignInsPerMinute { get; set; } = 20;

    /// <summary>Activation polls a minute for one address, 1 to 100,000, 1,200 by default: many gateways may share one.</summary>
    public int ActivationPollsPerMinute { get; set; } = 1200;

    /// <summary>For how long a verified API key is believed without asking again, in seconds: 0 to 5, 5 by default. A revoked key lives on for as long.</summary>
    public double KeyCacheSeconds { get; set; } = 5;

    /// <inheritdoc/>
    public IEnumerable<string> Faults()
    {
        foreach (var (name, value, least, most) in new[]
        {
            (nameof(MaxBodyBytes), MaxBodyBytes, 1024, 1024 * 1024),
            (nameof(RequestsPerSecond), RequestsPerSecond, 1, 10_000),
            (nameof(RequestBurst), RequestBurst, 1, 100_000),
            (nameof(RefusalsPerMinute), RefusalsPerMinute, 1, 10_000),
            (nameof(ActivationsPerMinute), ActivationsPerMinute, 1, 10_000),
            (nameof(SignInsPerMinute), SignInsPerMinute, 1, 10_000),
            (nameof(ActivationPollsPerMinute), ActivationPollsPerMinute, 1, 100_000),
        })
        {
            if (value < least || value > most)
                yield return $"{Section}:{name} is {value}; it must be {least} to {most}.";
        }

        if (KeyCacheSeconds is < 0 or > 5 or double.NaN)
            yield return $"{Section}:KeyCacheSeconds is {KeyCacheSeconds}; it must be 0 to 5.";
    }
}
