namespace Tidegate.GatewayAgent.Devices;

/// <summary>Why the service may lack blocks of the store (<c>docs/formats/dirty-map.md</c>).</summary>
internal enum DirtyReason : byte
{
    /// <summary>Nothing is tracked: image and log together are the volume.</summary>
    None = 0,
    /// <summary>Writes went past the log.</summary>
    PastLog = 1,
    /// <summary>The store was adopted with data.</summary>
    Adopted = 2,
    /// <summary>Store and image came apart: changed behind the agent, a service that went back in time, or the owner's decision.</summary>
    CameApart = 3,
}
