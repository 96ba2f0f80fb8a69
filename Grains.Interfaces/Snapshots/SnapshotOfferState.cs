namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>How far an offer of a snapshot has come.</summary>
public enum SnapshotOfferState
{
    /// <summary>The other account may accept it.</summary>
    Open = 0,
    /// <summary>It was accepted; the copy is being made.</summary>
    Accepted = 1,
    /// <summary>All of it was handed over: the copy is the other account's, whatever becomes of the source.</summary>
    Completed = 2,
    /// <summary>It was accepted, and the copy will not be; the reason says why.</summary>
    Failed = 3,
    /// <summary>The owner took it back; what was copied is given up.</summary>
    Revoked = 4,
    /// <summary>Nobody accepted it in time.</summary>
    Expired = 5,
}
