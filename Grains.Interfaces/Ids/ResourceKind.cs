namespace Tidegate.Grains.Interfaces.Ids;

/// <summary>Kinds of things that carry an id.</summary>
public enum ResourceKind
{
    /// <summary>An account: twelve decimal digits.</summary>
    Account,
    /// <summary>A gateway: <c>gw-</c> and 20 hexadecimal digits.</summary>
    Gateway,
    /// <summary>A volume: <c>vol-</c> and 20 hexadecimal digits.</summary>
    Volume,
    /// <summary>A snapshot: <c>snap-</c> and 20 hexadecimal digits.</summary>
    Snapshot,
    /// <summary>An API key: <c>key-</c> and 20 hexadecimal digits (not the secret).</summary>
    ApiKey,
    /// <summary>A management request: <c>req-</c> and 20 hexadecimal digits.</summary>
    Request,
    /// <summary>An offer of a snapshot to another account: <c>off-</c> and 20 hexadecimal digits.</summary>
    Offer,
    /// <summary>Snapshots of several volumes at one point: <c>grp-</c> and 20 hexadecimal digits.</summary>
    SnapshotGroup,
    /// <summary>A user: <c>usr-</c> and 20 hexadecimal digits, a function of the name.</summary>
    User,
}
