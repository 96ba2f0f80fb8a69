namespace Tidegate.BlockStore.Keys;

/// <summary>A data key as it is stored: wrapped by the owner account's key.</summary>
public sealed record WrappedKey(LineageId Owner, int Generation, ReadOnlyMemory<byte> Bytes);
