namespace Tidegate.BlockStore.Rebuild;

/// <summary>The account keys at hand open nothing of an account: none is there, or it is another one.</summary>
public sealed class StoreKeyException(string message, Exception? inner = null) : IOException(message, inner);
