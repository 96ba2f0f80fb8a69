namespace Tidegate.Silo.Hosting;

/// <summary>Logs: JSON lines on standard output; libraries at warnings and above unless configured otherwise.</summary>
internal static class SiloLogging
{
    public static void Configure(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddJsonConsole(options =>
        {
            options.UseUtcTimestamp = true;
            options.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
        });
        logging.AddFilter("Orleans", LogLevel.Warning);
        logging.AddFilter("Polly", LogLevel.Warning);
        // What Orleans' base class of grain services tells of the ring, in the registry's name.
        logging.AddFilter("Tidegate.Grains.Gateways.Holders.LinkRegistry", LogLevel.Warning);
        // Request lines hold tickets in their query.
        logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
    }
}
