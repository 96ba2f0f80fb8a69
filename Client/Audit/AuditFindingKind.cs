namespace Tidegate.Client.Audit;

/// <summary>What may be wrong with an audit log (<c>docs/formats/audit.md</c>, Verification).</summary>
public enum AuditFindingKind
{
    /// <summary>An entry's words are not those that its hash was made of.</summary>
    Altered = 0,
    /// <summary>Entries of an aggregate are not there.</summary>
    Missing = 1,
    /// <summary>An entry stands where its number does not belong, or is there twice.</summary>
    Reordered = 2,
    /// <summary>An entry does not follow the one before it, though its own hash is right: one of them was written anew.</summary>
    Rewritten = 3,
    /// <summary>The entries up to a checkpoint are not those that it was signed over.</summary>
    NotAsSigned = 4,
    /// <summary>A checkpoint's signature is none of the keys that are trusted.</summary>
    Forged = 5,
    /// <summary>A checkpoint does not follow the one before it: one is missing or was exchanged.</summary>
    BrokenCheckpoints = 6,
    /// <summary>The log ends earlier than it is known to have been.</summary>
    CutShort = 7,
    /// <summary>An entry is of another account.</summary>
    Foreign = 8,
}
