using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Tidegate.Silo.Hosting;
using Tidegate.Tests.Kit.Time;

// The silo's own program, with a clock that is the given number of seconds ahead: the rest of the command line is the silo's.
var clock = new ShiftedTime();
clock.Shift(TimeSpan.FromSeconds(double.Parse(args[0], CultureInfo.InvariantCulture)));
return await SiloCommands.Create(builder => builder.Services
        .AddSingleton<TimeProvider>(clock)
        // Orleans dates its membership table by the machine's clock and reads it by this one: no silo is to look overdue for it.
        .PostConfigure<ClusterMembershipOptions>(options => (options.EvictWhenMaxJoinAttemptTimeExceeded, options.NumMissedTableIAmAliveLimit) = (false, 1_000_000)))
    .Parse(args[1..]).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
