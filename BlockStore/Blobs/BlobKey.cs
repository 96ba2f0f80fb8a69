namespace Tidegate.BlockStore.Blobs;

/// <summary>The rule for keys that every adapter keeps: slash-separated runs of <c>[a-z0-9-]</c>, at most 200 characters.</summary>
public static class BlobKey
{
    /// <summary>Longest key in characters.</summary>
    public const int MaxLength = 200;

    /// <summary>True when the key is well-formed.</summary>
    public static bool IsValid(string? key) =>
        key is { Length: > 0 and <= MaxLength }
        && key.AsSpan().IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-/") < 0
        && key[0] != '/' && key[^1] != '/' && !key.Contains("//", StringComparison.Ordinal);

    /// <summary>Throws <see cref="ArgumentException"/> for a malformed key.</summary>
    public static void Check(string key)
    {
        if (!IsValid(key))
            throw new ArgumentException(
                $"'{key}' is no blob key: slash-separated runs of a-z, 0-9 and '-', at most {MaxLength} characters.", nameof(key));
    }

    /// <summary>Throws <see cref="ArgumentException"/> for a string that no key can start with; an empty prefix means every key.</summary>
    public static void CheckPrefix(string prefix)
    {
        if (prefix.Length > MaxLength || prefix.AsSpan().IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-/") >= 0)
            throw new ArgumentException($"'{prefix}' is no prefix of blob keys.", nameof(prefix));
    }
}
