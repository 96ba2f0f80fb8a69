using System.Globalization;
using Tidegate.Tests.Benchmarks.Serving;

return args switch
{
    ["serve-raw", var directory, var size, var listen] =>
        await RawFileServer.RunAsync(directory, long.Parse(size, CultureInfo.InvariantCulture), listen),
    _ => 2,
};
