namespace Tidegate.Silo.Blobs;

/// <summary>What a ticket allows. The numbers are part of the token.</summary>
internal enum TicketMethod : byte
{
    /// <summary>Create the blob.</summary>
    Put = 1,
    /// <summary>Read it.</summary>
    Get = 2,
}
