namespace Tidegate.BlockStore.Records;

/// <summary>A record that is listed and not opened.</summary>
/// <param name="BlobKey">Its blob.</param>
/// <param name="Owner">Owner account and resource.</param>
/// <param name="Number">Number of its newest entry.</param>
/// <param name="StoredAt">When it was stored.</param>
public sealed record StoredRecord(string BlobKey, LineageId Owner, long Number, DateTimeOffset StoredAt);
