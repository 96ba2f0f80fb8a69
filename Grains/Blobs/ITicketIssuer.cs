using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Grains.Blobs;

/// <summary>Issues permissions for single blobs: SAS where the store has them, signed data-endpoint URLs otherwise.</summary>
public interface ITicketIssuer
{
    /// <summary>Create-only, 60 s.</summary>
    BlobTicket IssueWrite(string blobKey);
    /// <summary>Read-only, 5 minutes.</summary>
    BlobTicket IssueRead(string blobKey);
    /// <summary>When the ticket behind a token was issued, if the token is genuine and names this blob for writing; null otherwise.</summary>
    DateTimeOffset? IssuedAt(string token, string blobKey);
}
