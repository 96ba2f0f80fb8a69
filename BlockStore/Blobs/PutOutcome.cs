namespace Tidegate.BlockStore.Blobs;

/// <summary>What a put did.</summary>
public enum PutOutcome
{
    /// <summary>The blob is new and durable.</summary>
    Stored,
    /// <summary>The key held these very bytes: an earlier attempt had stored them. Durable as well.</summary>
    AlreadyThere,
}
