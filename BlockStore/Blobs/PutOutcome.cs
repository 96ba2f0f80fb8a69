namespace Tidegate.BlockStore.Blobs;

/// <summary>What a put did.</summary>
public enum PutOutcome
{
    /// <summary>The blob is new and durable.</summary>
    Stored,
    /// <summary>The key existed; nothing was changed.</summary>
    AlreadyThere,
}
