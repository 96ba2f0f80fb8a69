namespace Tidegate.Silo.Hosting;

/// <summary>Where this silo is reached; known once its listeners are bound.</summary>
internal sealed class ServiceAddresses
{
    private volatile string? _apiUrl;
    private volatile string? _agentsUrl;
    private volatile string? _consoleUrl;

    /// <summary>Base URL of the REST API, without a slash at its end; null before it is bound.</summary>
    public string? ApiUrl
    {
        get => _apiUrl;
        set => _apiUrl = value;
    }

    /// <summary>Base URL of the console, likewise; null as well when there is none.</summary>
    public string? ConsoleUrl
    {
        get => _consoleUrl;
        set => _consoleUrl = value;
    }

    /// <summary>Base URL of the agents' endpoints, likewise.</summary>
    public string? AgentsUrl
    {
        get => _agentsUrl;
        set => _agentsUrl = value;
    }
}
