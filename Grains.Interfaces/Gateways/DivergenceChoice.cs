namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Which copy of a diverged volume goes on.</summary>
public enum DivergenceChoice
{
    /// <summary>The gateway's store: all of it is brought to the service and published over what is there.</summary>
    Local = 0,
    /// <summary>The service's image: the gateway puts its store and log aside, and fetches the volume anew.</summary>
    Service = 1,
}
