namespace Tidegate.Client.Rest.Models;

/// <summary>One page of a list.</summary>
/// <typeparam name="T">What is listed.</typeparam>
/// <param name="Items">The page's items, in the list's stable order.</param>
/// <param name="NextPageToken">Opaque; present it as <c>pageToken</c> for the next page. Null on the last one.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextPageToken);
