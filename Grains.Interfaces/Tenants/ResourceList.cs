namespace Tidegate.Grains.Interfaces.Tenants;

/// <summary>What can be listed of an account.</summary>
public enum ResourceList
{
    /// <summary>Its gateways.</summary>
    Gateways = 0,

    /// <summary>Its volumes; the parent is the gateway.</summary>
    Volumes = 1,

    /// <summary>Its snapshots; the parent is the volume.</summary>
    Snapshots = 2,

    /// <summary>Offers that it has made; the parent is the account that an offer is made to.</summary>
    Offers = 3,

    /// <summary>Offers that were made to it.</summary>
    ReceivedOffers = 4,

    /// <summary>Its copies of others' snapshots.</summary>
    Copies = 5,
}
