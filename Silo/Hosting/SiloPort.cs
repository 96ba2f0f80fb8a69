using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tidegate.Silo.Hosting;

/// <summary>
/// The port for other silos when none is given: the one of the last run, when it is free. A silo that comes back under its
/// old address declares its former self dead at once; under a new one the cluster would wait for probes to fail.
/// </summary>
internal static class SiloPort
{
    private const string FileName = "silo.port";

    /// <summary>Chooses, and remembers the choice in the state directory.</summary>
    public static IPEndPoint Choose(string directory, IPAddress address, int configured)
    {
        if (configured != 0) return new IPEndPoint(address, configured);
        var path = Path.Combine(directory, FileName);
        if (File.Exists(path) && int.TryParse(File.ReadAllText(path), CultureInfo.InvariantCulture, out var last) && last is > 0 and <= IPEndPoint.MaxPort)
        {
            try
            {
                return FreePort.Choose(new IPEndPoint(address, last));
            }
            catch (SocketException)
            {
                // Another silo of this directory runs on it; this one is new to the cluster.
                return FreePort.Choose(new IPEndPoint(address, 0));
            }
        }

        var chosen = FreePort.Choose(new IPEndPoint(address, 0));
        File.WriteAllText(path, chosen.Port.ToString(CultureInfo.InvariantCulture));
        return chosen;
    }
}
