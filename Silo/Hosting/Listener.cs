namespace Tidegate.Silo.Hosting;

/// <summary>The silo's HTTPS listeners.</summary>
internal enum Listener
{
    /// <summary>REST API and health.</summary>
    Api,
    /// <summary>Activation, link discovery, data.</summary>
    Agents,
    /// <summary>The console for people.</summary>
    Console,
}
