namespace Tidegate.BlockStore;

/// <summary>
/// Whose bytes these are: the owner account and volume written into every key, header and associated data. A volume's
/// lineage is everything born in it; a clone starts a lineage of its own and reads its origin's.
/// </summary>
public sealed record LineageId
{
    /// <summary>Longest account or volume id, in characters.</summary>
    public const int MaxPartLength = 40;

    /// <summary>Names a lineage. Both parts are 1 to 40 of <c>[a-z0-9-]</c>; throws <see cref="ArgumentException"/> otherwise.</summary>
    public LineageId(string accountId, string volumeId)
    {
        if (!IsPart(accountId))
            throw new ArgumentException($"'{accountId}' is no account id: 1 to {MaxPartLength} of a-z, 0-9 and '-'.", nameof(accountId));
        if (!IsPart(volumeId))
            throw new ArgumentException($"'{volumeId}' is no volume id: 1 to {MaxPartLength} of a-z, 0-9 and '-'.", nameof(volumeId));
        AccountId = accountId;
        VolumeId = volumeId;
    }

    /// <summary>Owner account.</summary>
    public string AccountId { get; }

    /// <summary>Owner volume.</summary>
    public string VolumeId { get; }

    /// <summary>True when <paramref name="value"/> can be a part of a blob key.</summary>
    internal static bool IsPart(string? value) =>
        value is { Length: > 0 and <= MaxPartLength }
        && value.AsSpan().IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-") < 0;

    /// <summary><c>account/volume</c>, the prefix of every key of the lineage.</summary>
    public override string ToString() => $"{AccountId}/{VolumeId}";
}
