namespace Tidegate.Silo.Blobs;

/// <summary>How long tickets are good (<c>docs/protocols/volume-data.md</c>, Tickets): an attempt that began in time may end later.</summary>
internal static class TicketLifetimes
{
    public static readonly TimeSpan Write = TimeSpan.FromSeconds(60);

    public static readonly TimeSpan Read = TimeSpan.FromMinutes(5);
}
